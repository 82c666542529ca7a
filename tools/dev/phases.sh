# shellcheck shell=bash
# Sourced by the scripts of tools/: shows commands before they run and times the phases of a script.

# print_command COMMAND...: prints the command as a user would type it.
print_command() {
  local word text='$'
  for word in "$@"; do
    [[ $word =~ ^[A-Za-z0-9_./:=,+-]+$ ]] || word=${word@Q}
    text+=" $word"
  done
  printf '\n%s\n' "$text"
}

# show COMMAND...: prints the command, then runs it.
show() {
  print_command "$@"
  "$@"
}

# phase NAME COMMAND...: runs the command and notes its time; the status is the command's.
PHASE_TIMES=()
phase() {
  local name=$1 start=$SECONDS status=0
  shift
  printf '\n== %s\n' "$name"
  "$@" || status=$?
  PHASE_TIMES+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
  return "$status"
}

print_phase_times() {
  printf '\n== time\n'
  printf '%s\n' "${PHASE_TIMES[@]}"
  printf '%5d s  in all\n' "$SECONDS"
}
