package compat

// grammar says how an expression of a type is made of others: {type} in a
// production is an expression of that type. "num" is a text that is a number,
// "csv" one with commas, "doc" one that is a JSON object, "arr" a JSON list of
// which each element is a text. The first productions of a type need no other.
func grammar() map[string][]string {
	return map[string][]string{
		"str": {
			`"abc"`, `""`, `"a-b_c.d/e"`, "`raw \"x\"`", `"Ünï ☕"`, `"<a&b>"`, `"  pad "`, `{data s}`, `{data s}`, `{data m}`, `{num}`,
			`toUpper {str}`, `toLower {str}`, `toTitle {str}`, `trimSpace {str}`, `trim "a" {str}`, `trimPrefix "a" {str}`,
			`trimSuffix "c" {str}`, `replaceAll "a" "zz" {str}`, `replaceAll {str} "-" {str}`, `regexReplaceAll "[aeiou]" "<$0>" {str}`,
			`regexReplaceAll "(.)(.)" "$2$1" {str}`, `indent 2 {str}`, `base64Encode {str}`, `base64URLEncode {str}`,
			`base64Decode (base64Encode {str})`, `sha256Hex {str}`, `md5sum {str}`, `hmacSHA256Hex {str} {str}`,
			`join "," {strs}`, `printf "%s|%v" {str} {int}`, `printf "%q" {str}`, `print {str} {int}`, `toJSON {str}`, `toJSON {dict}`,
			`toJSON {list}`, `toJSON {strs}`, `toJSONPretty {dict}`, `toUnescapedJSON {dict}`, `toUnescapedJSONPretty {list}`,
			`toYAML {dict}`, `toYAML {list}`, `toYAML {str}`, `toTOML (explode {pairs})`, `{str} | toUpper | indent 3`, `or {str} {str}`, `and {str} {str}`,
			`sprig_upper {str}`, `sprig_trunc 5 {str}`, `sprig_quote {str}`, `sprig_default {str} {str}`, `sprig_ternary {str} {str} {bool}`,
			`sprig_nospace {str}`, `sprig_kebabcase {str}`, `sprig_join "+" {list}`, `sprig_sha1sum {str}`, `sprig_toJson {dict}`,
			`html {str}`, `js {str}`, `urlquery {str}`, `env "GENERATED"`, `envOrDefault "NOT_SET" {str}`, `executeTemplate "piece" {str}`,
			`sprig_cat {str} {int}`, `sprig_indent 2 {str}`, `sprig_substr 0 2 "abcdef"`, `sprig_plural "one" "many" (len {strs})`,
		},
		"lit":     {`"abc"`, `""`, `"Ünï ☕"`},
		"num":     {`"12"`, `"0"`, `"-7"`, `"4096"`, `{data n}`, `{data n}`, `printf "%d" {int}`},
		"csv":     {`"a,b,c"`, `"x"`, `"one, two ,three"`, `{data c}`, `{data c}`, `printf "%s,%s" {num} {num}`},
		"doc":     {"`{\"a\":1,\"b\":[1,\"x\"],\"c\":{\"d\":null}}`", `{data d}`, `{data d}`, `toJSON {dict}`},
		"arr":     {"`[\"p\",\"q\"]`", `{data a}`, `toJSON {strs}`},
		"int":     {`1`, `0`, `42`, `-3`, `parseInt {num}`, `parseInt {num}`, `len {str}`, `len {strs}`, `len {dict}`, `add {int} {int}`, `subtract {int} {int}`, `multiply {int} {int}`, `divide {nonzero} {int}`, `modulo {nonzero} {int}`, `minimum {int} {int}`, `maximum {int} {int}`, `{int} | add 5 | subtract 2`, `sprig_add {int} {int}`, `sprig_max {int} {int}`, `sprig_int {num}`, `len {pairs}`, `parseUint "7"`, `sprig_sub {int} {int}`},
		"nonzero": {`3`, `7`, `-2`},
		"float":   {`1.5`, `0.25`, `parseFloat {num}`, `add 0.5 {float}`, `multiply {float} 2.0`, `divide 4.0 {float}`, `maximum {float} 1.0`, `sprig_addf {float} 1.5`, `sprig_round {float} 2`, `subtract {float} {int}`},
		"bool": {`true`, `false`, `eq {str} {str}`, `ne {str} {str}`, `lt {str} {str}`, `not {bool}`, `and {bool} {bool}`, `or {bool} {bool}`, `regexMatch "^[a-z]+" {str}`,
			`in {strs} {str}`, `in {str} {str}`, `contains {str} {strs}`, `{strs} | contains "a"`, `in {list} {str}`, `in {list} {int}`, `containsAny (sprig_list {str} {str}) {strs}`, `containsAll {list} {list}`,
			`containsNone (sprig_list {str} 1.5) {strs}`, `containsNotAll {list} {strs}`, `parseBool "true"`, `sprig_empty {str}`, `sprig_hasPrefix "a" {str}`, `sprig_hasKey {dict} "a"`,
			`lt {int} {int}`, `ge {int} {int}`, `sprig_has {str} {list}`, `sprig_contains {str} {str}`, `sprig_deepEqual {list} {list}`},
		"strs": {`split "," {csv}`, `split "," {csv}`, `split "-" {str}`, `split "" "xyz"`, `split {str} {str}`},
		"list": {`sprig_list {str} {int}`, `sprig_list`, `parseJSON {arr}`, `parseYAML "[a, 1, 2.5, true, ~]"`, `sprig_append {list} {str}`, `sprig_reverse {list}`,
			`sprig_uniq {list}`, `sprig_concat {list} {list}`, `sprig_list {dict} {list}`, `sprig_compact {list}`, `sprig_rest (sprig_prepend {list} {str})`},
		"dict": {`parseJSON {doc}`, `parseJSON {doc}`, `sprig_dict "a" {str} "b" {int}`, `sprig_dict`, `mergeMap {dict} {dict}`,
			`mergeMapWithOverride {dict} {dict}`, `explodeMap {dict}`, `sprig_merge {dict} {dict}`, `explode {pairs}`, `sprig_omit {dict} "a"`, `sprig_pick {dict} "a" "c"`,
			`sprig_dict "k" {dict} "l" {list}`, `sprig_deepCopy {dict}`},
		"pairs": {`tree "{prefix}t"`, `ls "{prefix}t"`, `ls "{prefix}t/x"`, `tree "{prefix}none"`, `tree "{prefix}"`},
	}
}

// total are uses of a key that give no error while the key is not there yet,
// so they may stand anywhere in a template.
func total() []string {
	return []string{
		`key "{prefix}{key}"`, `key "{prefix}{key}" | toUpper`, `key "{prefix}{key}" | toJSON`, `key "{prefix}{key}" | sha256Hex`,
		`keyOrDefault "{prefix}{key}" {lit}`, `keyOrDefault "{prefix}absent" {lit}`, `keyExists "{prefix}{key}"`, `keyExists "{prefix}absent"`,
		`key "{prefix}{key}" | split "," | join ";"`, `key "{prefix}{key}" | indent 4`, `key "{prefix}{key}" | toYAML`,
		`tree "{prefix}" | explode | toJSON`, `tree "{prefix}t" | explode | toYAML`, `ls "{prefix}t" | len`, `tree "{prefix}t" | byKey | toJSON | len`,
		`key "{prefix}{key}" | base64Encode | toLower`, `key "{prefix}{key}" | printf "%q"`, `service "web" | len`, `datacenters | join ","`,
	}
}

// loose are expressions that often fail, so that failing is compared as well.
func loose() []string {
	return []string{
		`parseInt {str}`, `parseFloat {str}`, `parseBool {str}`, `parseJSON {str}`, `parseYAML {str}`, `base64Decode {str}`, `add {str} {int}`,
		`join "," {list}`, `index {strs} {int}`, `index {list} 0`, `({dict}).a.b`, `eq {int} {float}`, `indent {int} {str}`, `parseYAML "a: 1\nb: [x, 2.5]"`, `toTOML {list}`, `toTOML {dict}`, `containsNone {list} {strs}`, `toJSON (parseYAML "a: {b: 1}")`, `eq {str} {int}`,
		`regexMatch {str} {str}`, `explodeMap {list}`, `mustEnv {str}`, `sprig_first {str}`, `sprig_mustFromJson {str}`, `index {dict} {str}`, `slice {str} 1 2`, `containsAll {strs} {strs}`, `lt {float} {int}`, `divide {int} {int}`, `modulo {float} {int}`,
	}
}
