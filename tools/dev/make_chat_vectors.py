#!/usr/bin/env python3
"""Writes test/data/chat/constructs.json: small templates, one construct each, with the text that Jinja makes of them.

The reference is jinja2, configured as transformers does it (transformers/utils/chat_template_utils.py,
_compile_jinja_template). A row has the template, its variables, and either the text or the word that it is refused.

    pip install jinja2==3.1.6 && tools/dev/make_chat_vectors.py
"""
import datetime
import json
import pathlib

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

OUT = pathlib.Path(__file__).resolve().parents[2] / "test" / "data" / "chat" / "constructs.json"


class Generation(Extension):
    """{% generation %}: text as it is, in a scope of its own."""

    tags = {"generation"}

    def parse(self, parser):
        lineno = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(lineno)

    def _body(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def strftime_now(form):
        return datetime.datetime(2026, 2, 3, 4, 5, 6).strftime(form)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = strftime_now
    return env


VARIABLES = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "  hi \u00e9\U0001f600 there\n"},
        {"role": "assistant", "content": None,
         "tool_calls": [{"type": "function", "function": {"name": "w", "arguments": {"c": "\u00e9", "n": 2, "l": [1, "a"]}}}]},
        {"role": "tool", "content": "7"},
    ],
    "tools": [{"type": "function", "function": {"name": "w", "parameters": {"type": "object", "items": 3}}}],
    "flag": True, "off": False, "nothing": None, "zero": 0, "three": 3, "big": 18446744073709551615, "low": -9223372036854775808,
    "half": 0.5, "whole": 2.0, "tiny": 1e-5, "huge": 1e16, "third": 0.1, "large": 123456789012345.678,
    "text": "a, b, c", "uni": "\u4f60\u597d, Gr\u00fc\u00dfe!", "quote": "it's", "both": "\"it's\"", "odd": "\x00\x1f\x7f\u00a0\u200b\\\t",
    "html": "<a href='x'>&</a>", "empty": "", "spaces": " \t\u00a0\u2003x\x1c\x1f ", "lines": "a\nb\r\nc\n\nd",
    "list": [3, 1, 2], "names": ["b", "A", "c", "a"], "nested": [[1, [2, {"k": None}]], "x", True, 1.5], "nolist": [],
    "map": {"b": 1, "a": [1, 2], "items": "key", "get": 5}, "nomap": {},
    "people": [{"n": "x", "age": 3, "t": {"s": 1}}, {"n": "y", "age": 1}, {"n": "x", "age": 2, "t": {"s": 0}}],
    "bos_token": "<s>",
}

TEMPLATES = {
    "text": ["plain", "", "\n", "a\n", "a\n\n", "a\r\nb\rc\r\n", "{ a } % # {", "a {# gone #} b", "{#- a -#} b", "x\n  {# c #}\ny",
             "x  {#- c -#}  y", "{% raw %}{{ x }}{% y %}{% endraw %}", "a\n {% raw %} \n{{ \n {% endraw %}\nb",
             "a {%- raw -%}  {{ x }}  {%- endraw -%} b", "{{ '{{' }}{{ '}}' }}{{ \"%}\" }}", "caf\u00e9 \u4f60"],
    "white space": ["a\n  {% if flag %}\n  b\n  {% endif %}\nc", "a\n  {%+ if flag %}\n  b\n  {%+ endif %}\nc",
                    "a  {%- if flag -%}  b  {%- endif -%}  c", "{% if flag +%}\nb{% endif +%}\nc", "a\n  {{ three }}\nb",
                    "a \n\n {{- three -}} \n\n b", "x{% if flag %}\n\ny{% endif %}", "  {% set a = 1 %}  {{ a }}",
                    "a\u00a0{{- three -}}\u2003b", "{% if flag %}  \n  {% endif %}|", "{{ three\n}}\n{{\n  three }}", "a\n\t{% set b = 1 -%}\n\n c"],
    "print": ["{{ flag }} {{ off }} {{ nothing }} {{ missing }}", "{{ three }} {{ big }} {{ low }} {{ half }} {{ whole }}",
              "{{ tiny }} {{ huge }} {{ third }} {{ large }} {{ huge * 1e300 }} {{ -0.0 }} {{ 1e22 }} {{ 123456789.125 }} {{ 0.0001 }}",
              "{{ list }} {{ nested }} {{ map }} {{ nolist }} {{ nomap }}", "{{ [quote, both, odd, uni] }}", "{{ (1, 'a') }} {{ (1,) }} {{ () }}",
              "{{ 1, 2 }}", "{{ {'a': 1, 'b': {'c': [none]}} }}", "{{ true }}{{ True }}{{ false }}{{ False }}{{ none }}{{ None }}",
              "{{ [missing] }}", "{{ 'a' 'b' \"c\" }}"],
    "literals": ["{{ 'a\\n\\t\\\\\\'\\\"b' }}", "{{ '\\x41\\u00e9\\U0001f600\\101\\q' }}", "{{ 1_000 + 0x1F + 0b101 + 0o17 }}", "{{ 1.5e3 }} {{ 1e-7 }} {{ 2_0.5 }}",
                 "{{ [1, 2,] }} {{ {'a': 1,} }}", "{{ {'a': 1, 'b': 2, 'a': 3} }}", "{{ 'multi\nline' }}"],
    "arithmetic": ["{{ 7 + 2 }} {{ 7 - 2 }} {{ 7 * 2 }} {{ 7 / 2 }} {{ 7 // 2 }} {{ 7 % 2 }} {{ 2 ** 10 }}", "{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ -7.5 // 2 }} {{ -7.5 % 2 }}",
                   "{{ 1 + 2 * 3 - 4 }} {{ (1 + 2) * 3 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }}", "{{ 1 + 1.5 }} {{ 4 / 2 }} {{ 2 ** -1 }} {{ 2.0 ** 0.5 }}",
                   "{{ true + 1 }} {{ 'ab' * 3 }} {{ 3 * 'ab' }} {{ [1] * 2 }} {{ [1] + [2] }} {{ 'a' + 'b' }} {{ 'a' * -1 }}|",
                   "{{ 'a' ~ 1 ~ none ~ missing ~ 2.0 ~ [1] }}", "{{ 1 ~ 2 + 3 ~ 4 if false else 1 ~ 2 }}", "{{ 1 + 2 ~ 'x' if false else 'y' }}", "{{ +3 }} {{ - 3 }} {{ --3 }}",
                   "{{ 9223372036854775807 + 1 }} {{ 4294967296 * 2147483648 }}"],
    "comparison": ["{{ 1 == 1.0 }} {{ true == 1 }} {{ '1' == 1 }} {{ none == false }} {{ missing == missing2 }} {{ missing == none }}",
                   "{{ 1 < 2 <= 2 < 3 }} {{ 1 < 2 > 5 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 2 >= 2.5 }} {{ 3 != 4 }}",
                   "{{ [1, {'a': 2}] == [1.0, {'a': 2}] }} {{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }} {{ (1,) == [1] }}",
                   "{{ 'b' in 'abc' }} {{ 'x' in 'abc' }} {{ '' in '' }} {{ 2 in list }} {{ 9 not in list }} {{ 'a' in map }} {{ 1 in map }} {{ 'a' in missing }}",
                   "{{ not 'a' in 'b' }} {{ not (1 == 2) }} {{ not true and false }} {{ not(1) }}", "{{ 1 in [1] == true }}", "{{ '\u00e9' > 'z' }} {{ '\U0001f600' > '\uffee' }}"],
    "logic": ["{{ 0 or 'x' }} {{ '' or none }} {{ 1 and 2 }} {{ 0 and missing.x }} {{ 1 or missing.x }} {{ 0 or 0.0 or [] }}", "{{ 1 if flag else 2 }} {{ 1 if off else 2 }} [{{ 1 if off }}]",
              "{{ 'a' if off else 'b' if off else 'c' }}", "{{ ('a' if flag) ~ ('b' if off) }}", "{{ true and not false or false }}"],
    "access": ["{{ messages[0].role }} {{ messages[0]['role'] }} {{ messages[-1].content }} {{ messages[9] }} {{ messages[0].nope }}|", "{{ map.items is defined }} {{ map['items'] }} {{ map.a[1] }} {{ map.nope is defined }} {{ map.b }}",
               "{{ list[0] }} {{ list[-1] }} {{ list[true] }} {{ list.0 }} {{ uni[1] }} {{ uni[-1] }} {{ uni[99] }}|", "{{ nothing.x }} {{ three.x }} {{ 'a'.x }}|", "{{ map[three] }} {{ list['x'] }}|",
               "{{ list[::-1] }} {{ list[1:] }} {{ list[:1] }} {{ list[:-1] }} {{ list[::2] }} {{ list[5:] }} {{ list[-2:] }} {{ list[2:0:-1] }} {{ list[none:2] }}",
               "{{ uni[::-1] }} {{ uni[1:3] }} {{ uni[-3:] }} {{ (1, 2, 3)[1:] }}", "{{ messages[::-1][0].role }}", "{{ list[9223372036854775807:] }} {{ list[-9223372036854775807:] }} {{ list[::9223372036854775807] }}", "{{ ['x', 'y'][1] }} {{ {'k': 'v'}.k }} {{ {'k': 'v'}['k'] }}", "{{ 'abc'[1] }}{{ ('a' ~ 'b')[0] }}"],
    "if": ["{% if off %}a{% elif three == 3 %}b{% else %}c{% endif %}", "{% if off %}a{% elif nothing %}b{% else %}c{% endif %}", "{% if missing %}a{% endif %}|", "{% if flag %}{% if off %}a{% else %}b{% endif %}{% endif %}",
           "{% if flag %}{% set x = 5 %}{% endif %}{{ x }}", "{% if nolist or nomap or empty or zero or 0.0 %}a{% else %}b{% endif %}"],
    "for": ["{% for x in list %}{{ x }},{% endfor %}", "{% for x in nolist %}a{% else %}none{% endfor %}", "{% for x in list %}{{ x }}{% else %}none{% endfor %}", "{% for x in missing %}a{% else %}b{% endfor %}",
            "{% for k in map %}{{ k }} {% endfor %}", "{% for k, v in map|items %}{{ k }}={{ v }};{% endfor %}", "{% for k, v in map.items() %}{{ k }}={{ v }};{% endfor %}", "{% for (a, b) in [(1, 2), [3, 4]] %}{{ a }}{{ b }} {% endfor %}",
            "{% for c in uni %}[{{ c }}]{% endfor %}", "{% for x in list if x > 1 %}{{ loop.index }}:{{ x }} {{ loop.length }} {% else %}no{% endfor %}", "{% for x in list if x > 9 %}{{ x }}{% else %}no{% endfor %}", "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}",
            "{% for x in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}[{{ loop.previtem }}|{{ loop.nextitem }}] {% endfor %}",
            "{% for x in list %}{% for y in 'ab' %}{{ loop.index }}{{ loop.depth }}{{ x }}{{ y }} {% endfor %}{{ loop.index }};{% endfor %}", "{% for x in list %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% for x in list %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% else %}e{% endfor %}",
            "{% for x in range(3) %}{{ x }}{% endfor %} {% for x in range(5, 1, -2) %}{{ x }}{% endfor %} {{ range(2, 4)|list }}", "{% for x in list %}{% for y in list %}{% if y == 1 %}{% break %}{% endif %}{{ y }}{% endfor %}.{% endfor %}", "{% for x in list %}{{ loop.previtem is defined }}{{ loop.nextitem is undefined }} {% endfor %}",
            "{% for loop_x in list %}{% endfor %}{{ loop_x }}|{{ loop }}|", "{% for x in list if loop_is_none is undefined %}{{ x }}{% endfor %}"],
    "set": ["{% set x = 1 %}{{ x }}", "{% set x = 1 %}{% for i in list %}{% set x = i %}{{ x }}{% endfor %}{{ x }}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a, b = 'xy' %}{{ b }}{{ a }}", "{% set x = 1, %}{{ x }}", "{% set x %}a{{ three }}\n{% endset %}[{{ x }}]", "{% set ns = namespace(a=1, b='x') %}{% for i in list %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns['a'] }}{{ ns.c }}",
            "{% set ns = namespace({'q': 1}, r=2) %}{{ ns.q }}{{ ns.r }}", "{% set ns = namespace() %}{% set ns.x = [1] %}{{ ns.x }}", "{% for i in list %}{{ x }}{% set x = i %}{{ x }} {% endfor %}", "{% set messages = messages[1:] %}{{ messages|length }}", "{% set x = 1 if flag else 2 %}{{ x }}", "{% for i in list %}{% if i == 1 %}{% set x = 'in' %}{% endif %}{{ x }}.{% endfor %}", "{% set x %}{% set y = 1 %}{{ y }}{% endset %}{{ x }}{{ y }}"],
    "with": ["{% with a = 1, b = three %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q }}|"],
    "filter block": ["{% filter upper %}ab{{ three }}c{% endfilter %}", "{% filter replace('a', 'b') %}banana{% endfilter %}"],
    "generation": ["{% generation %}a{{ three }}{% endgeneration %}b", "{% for m in messages %}{% generation %}{{ m.role }}{% endgeneration %}{% endfor %}"],
    "macro": ["{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(b=5, a=4) }} {{ m() }}", "{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m('a')|upper ~ m('b') + 'c' }}", "{% set g = 1 %}{% macro m() %}{{ g }}{% endmacro %}{% set g = 2 %}{{ m() }}",
              "{% macro m() %}{{ x }}{% endmacro %}{% for x in list %}{{ m() }}{% endfor %}|", "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "{% macro m() %}{% set x = 1 %}{{ x }}{% endmacro %}{{ m() }}{{ x }}|", "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(7) }}",
              "{% macro m(a=missing) %}{{ a is defined }}{% endmacro %}{{ m() }}{{ m(1) }}", "{% macro m() %}  \n x {% endmacro %}[{{ m() | trim }}]", "{{ m is defined }}{% macro m() %}{% endmacro %}{{ m is defined }}{{ m is callable }}", "{% macro m(c) %}{% for x in c %}{% if x == 'b' %}{% break %}{% endif %}{{ x }}{% endfor %}{% endmacro %}{{ m('abc') }}"],
    "tests": ["{% for x in [1, true, 1.5, 'a', none, list, map, (1,), missing] %}{{ x is defined }}{{ x is undefined }}{{ x is none }}{{ x is string }}{{ x is boolean }}{{ x is true }}{{ x is false }}{{ x is integer }}{{ x is float }}{{ x is number }}{{ x is mapping }}{{ x is sequence }}{{ x is iterable }} {% endfor %}",
              "{{ 4 is even }} {{ 3 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 1 is eq 1 }} {{ 1 is equalto 2 }} {{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 1 is ge(1) }} {{ 1 is gt 1 }} {{ 1 is le 1 }} {{ 1 is lessthan 2 }} {{ 1 is greaterthan 2 }}",
              "{{ 1 is in [1, 2] }} {{ 1 is not in [2] }} {{ none is sameas none }} {{ true is sameas 1 }} {{ 'A' is upper }} {{ 'a' is lower }} {{ 'Ab' is lower }} {{ '1' is upper }}", "{{ 1 is not none and 2 is defined }} {{ missing is not defined }} {{ not missing is defined }}", "{{ 'x' if three is defined else 'y' }} {{ three is number or off }} {{ range is callable }} {{ three is callable }} {{ missing is callable }}",
              "{{ (text is string) if flag else 1 }}", "{{ raise_exception is defined }} {{ strftime_now is defined }} {{ nope is defined }}", "{{ 3 is divisibleby 3 and 4 is even }}", "{{ -1 is number }} {{ 1 + 1 is number }}"],
    "text filters": ["{{ '  a b '|trim }}| {{ spaces|trim }}| {{ 'xxaxx'|trim('x') }} {{ 5|trim }} {{ missing|trim }}|", "{{ 'aB c\u00e9\u00df'|upper }} {{ 'A\u00c9'|lower }} {{ 'aB c'|capitalize }} {{ 5|upper }}", "{{ true|string }} {{ none|string }} {{ 1.0|string }} {{ [1,'a']|string }} {{ missing|string }}|", "{{ html|safe }} {{ 3|safe }}",
                     "{{ 'banana'|replace('a', 'o') }} {{ 'banana'|replace('a', 'o', 2) }} {{ 'ab'|replace('', '-') }}", "{{ missing|default('d') }} {{ none|default('d') }} {{ ''|default('d', true) }} {{ 0|d('e', boolean=true) }} {{ 1|default(2) }} [{{ missing|default }}]",
                     "{{ '12'|int }} {{ ' 12 '|int }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ 3.9|int }} {{ -3.9|int }} {{ '3.9'|int }} {{ none|int(default=4) }} {{ true|int }}", "{{ '1.5'|float }} {{ 'x'|float }} {{ 3|float }} {{ 'x'|float(2.5) }}", "{{ -3|abs }} {{ (-3)|abs }} {{ (-2.5)|abs }}", "{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb\n'|indent(width='>', blank=true) }}|",
                     "{{ ' a '|trim|upper|length }}", "{{ '<' ~ text|upper ~ '>' }}", "{{ 1 if 'a'|upper == 'A' else 2 }}"],
    "tojson": ["{{ nested|tojson }} {{ map|tojson }} {{ tools|tojson }}", "{{ uni|tojson }} {{ uni|tojson(ensure_ascii=true) }} {{ odd|tojson }} {{ odd|tojson(true) }} {{ both|tojson }} {{ '\U0001f600'|tojson(ensure_ascii=true) }}", "{{ html|tojson }} {{ '/'|tojson }}", "{{ [1.0, 1e16, 1e-5, 0.1, 1e22, -0.0, big, low, true, none, huge * 1e300]|tojson }}",
               "{{ map|tojson(indent=2) }} {{ nested|tojson(indent=1) }} {{ [nolist, nomap]|tojson(indent=2) }}", "{{ map|tojson(sort_keys=true) }} {{ map|tojson(separators=(',', ':')) }} {{ map|tojson(indent='\t', separators=(', ', ' = ')) }}", "{{ (1, 2)|tojson }} {{ 'a'|tojson|length }}", "{{ messages[2].tool_calls[0].function.arguments|tojson }}"],
    "sequence filters": ["{{ list|length }} {{ uni|length }} {{ map|count }} {{ missing|length }} {{ ''|length }}", "{{ list|join }} {{ list|join(', ') }} {{ people|join('-', attribute='n') }} {{ 'abc'|join('.') }} {{ [none, 1.0]|join('/') }}", "{{ list|first }} {{ list|last }} [{{ nolist|first }}] [{{ nolist|last }}] {{ 'abc'|first }} {{ 'abc'|last }} {{ map|first }}",
                         "{{ list|sort }} {{ names|sort }} {{ names|sort(case_sensitive=true) }} {{ list|sort(reverse=true) }} {{ people|sort(attribute='age')|map(attribute='n')|list }} {{ people|sort(attribute='n', reverse=true)|map(attribute='age')|list }}", "{{ list|reverse|list }} {{ 'abc'|reverse }} {{ (1, 2)|list }} {{ 'ab'|list }} {{ map|list }}",
                         "{{ list|min }} {{ list|max }} {{ names|min }} {{ names|max(case_sensitive=true) }} {{ list|sum }} {{ people|sum(attribute='age') }} {{ list|sum(start=10) }} {{ people|max(attribute='age') }}", "{{ ['a', 'A', 'b', 'a']|unique|list }} {{ [1, 1.0, 2]|unique|list }} {{ ['a', 'A']|unique(case_sensitive=true)|list }}", "{{ names|map('upper')|list }} {{ people|map(attribute='t.s', default='-')|list }} {{ people|map(attribute='n')|join }} {{ ['a']|map('replace', 'a', 'b')|list }}",
                         "{{ list|select('odd')|list }} {{ list|reject('gt', 1)|list }} {{ [0, 1, '', 'a']|select|list }} {{ [0, 1]|reject|list }} {{ [missing, 1]|select('defined')|list }}", "{{ people|selectattr('n', 'equalto', 'x')|map(attribute='age')|list }} {{ people|rejectattr('n', 'eq', 'x')|list }} {{ people|selectattr('t')|list|length }} {{ people|selectattr('t', 'undefined')|list }} {{ messages|selectattr('role', 'in', ['user', 'tool'])|list|length }}",
                         "{{ map|dictsort }} {{ {'b': 1, 'A': 2}|dictsort(true) }} {{ {'b': 1, 'A': 2}|dictsort(by='value', reverse=true) }}", "{{ map|items|list }} {{ missing|items|list }}", "{{ messages|map(attribute='role')|unique|join(' ') }}"],
    "string methods": ["{{ text.split(', ') }} {{ text.split(',', 1) }} {{ ' a  b '.split() }} {{ ' a  b c '.split(none, 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ text.split(sep=',', maxsplit=0) }} {{ text.rsplit(', ', 1) }} {{ 'a'.rsplit(',') }}", "{{ spaces.strip() }}| {{ spaces.lstrip() }}| {{ spaces.rstrip() }}| {{ 'xxaxx'.strip('x') }} {{ 'xyaxy'.lstrip('yx') }} {{ '\n\na \n'.strip('\n') }}| {{ 'a'.strip('') }}",
                       "{{ text.startswith('a') }} {{ text.endswith('c') }} {{ text.startswith(('x', 'a')) }} {{ text.endswith('') }} {{ ''.startswith('a') }}", "{{ 'aB'.upper() }} {{ 'aB'.lower() }} {{ 'they are bill\\'s'.title() }} {{ 'aB'.capitalize() }}", "{{ 'banana'.replace('an', 'x') }} {{ 'banana'.replace('a', '', 1) }} {{ '\u00e9a'.replace('', '.') }} {{ 'aaa'.replace('a', 'b', 0) }}", "{{ ','.join(['a', 'b']) }} {{ ''.join([]) }}| {{ '-'.join('abc') }}",
                       "{{ uni.find('Gr') }} {{ uni.find('zz') }} {{ 'abab'.rfind('ab') }} {{ 'abab'.count('ab') }} {{ 'aaa'.count('aa') }} {{ 'aa'.count('') }}", "{{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ 'abc'.removeprefix('x') }} {{ lines.splitlines() }} {{ ''.splitlines() }}", "{{ '12'.isdigit() }} {{ ''.isdigit() }} {{ 'a1'.isalpha() }} {{ '\u00e9'.isalpha() }} {{ ' '.isspace() }}", "{{ messages[1].content.strip().split(' ')[-1] }}", "{{ 'a</think>b'.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') }}"],
    "container methods": ["{{ map.get('b') }} {{ map.get('x') }} {{ map.get('x', 7) }} {{ map.keys()|list }} {{ map.values()|list }} {{ map.items()|list }}", "{{ list.index(1) }} {{ list.count(3) }} {{ list.copy() }} {{ map.copy() == map }}", "{{ dict(a=1, b=2) }} {{ dict({'a': 1}, b=3) }}"],
    "time": ["{{ strftime_now('%Y-%m-%d %H:%M:%S %y %j %A %a %B %b %d %I %p %%') }}", "{{ strftime_now('%-d/%-m') }}"],
    "refused": ["{{ missing.x }}", "{{ missing[0] }}", "{{ missing() }}", "{{ missing + 1 }}", "{{ 'a' + missing }}", "{{ -missing }}", "{{ missing < 1 }}", "{{ missing|tojson }}", "{{ 'a' + 1 }}", "{{ [1] + (2,) }}", "{{ 1 / 0 }}", "{{ 1 // 0 }}", "{{ 1 % 0 }}", "{{ 'a' < 1 }}", "{{ 1 in 5 }}", "{{ 1 in 'a' }}", "{% for x in 5 %}{% endfor %}", "{% for a, b in [(1, 2, 3)] %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{{ three() }}", "{{ 'a'.nope() }}", "{{ 'a'.split('') }}", "{{ raise_exception('no') }}",
                "{% set three.x = 1 %}", "{% set map.x = 1 %}", "{{ list.append(1) }}", "{{ map.update({}) }}", "{{ nothing|length }}", "{{ list|items|list }}", "{{ range(1, 2, 0) }}", "{{ range(1000000)|list }}", "{{ [1, 'a']|sort }}", "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(b=2) }}", "{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}", "{{ list[1:2:0] }}", "{{ nothing[1:] }}", "{{ 'abc'[missing.y] }}", "{{ 5|abs|nofilter }}", "{{ 5 is notest }}", "{% nope %}", "{% if %}{% endif %}", "{% if 1 %}", "{% for x list %}{% endfor %}", "{{ 1 +", "{{ 'a }}", "{# a", "{% raw %}a", "{{ (1] }}", "{{ 1 2 }}", "{{ a.'b' }}", "{% endif %}", "{% set true = 1 %}", "{% set 1 = 2 %}", "{{ f(a=1, 2) }}", "{{ ! }}", "{{ }}", "{{ '\\x4' }}"],
}


def rows():
    env = environment()
    for group, templates in TEMPLATES.items():
        for source in templates:
            row = {"group": group, "template": source}
            try:
                row["text"] = env.from_string(source).render(**VARIABLES)
            except Exception as error:  # every kind of refusal: syntax, undefined, types, sandbox
                row["refused"] = type(error).__name__
            if (group == "refused") != ("refused" in row):
                raise SystemExit(f"not what its group says: {row}")
            yield row


def main():
    lines = [json.dumps(row, ensure_ascii=True) for row in rows()]
    head = json.dumps({"reference": f"jinja2 {jinja2.__version__}", "variables": VARIABLES}, ensure_ascii=True)
    OUT.write_text("[\n" + ",\n".join([head] + lines) + "\n]\n", encoding="ascii")
    print(f"{OUT}: {len(lines)} templates")


if __name__ == "__main__":
    main()
