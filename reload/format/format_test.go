package format_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"concierge/reload/format"
)

func TestValidTextsAreAccepted(t *testing.T) {
	for _, c := range []struct {
		format format.Format
		texts  []string
	}{
		{format.JSON, []string{"1", " null\n", `{"a": {"b": [1, {"a": 2}, {"a": 3}]}, "b": "a", "c": "b"}`, `[1e999, "\ud800"]`, `["a", "a"]`}},
		{format.YAML, []string{"", "# nothing\n", "a: 1\n---\na: 2\n", "a: &x {b: 1}\nc: *x\nd: {<<: *x}\n", "1: a\n\"1\": b\n", "- a\n- a\n", "\ufeffa: 1\n"}},
		{format.TOML, []string{"", "a = 1\n[t]\na = 2\n[[l]]\na = 3\n[[l]]\na = 4\n", "when = 2026-01-02\n"}},
		{format.XML, []string{"<a/>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE a>\n<a b='1' c='2'>&lt;text<b/><b/></a>\n<!-- end -->\n", "\ufeff<a/>"}},
		{format.INI, []string{"", "# c\n; c\n\n[s]\nk = v\nk = w\n[s] ; again\r\nempty =\n  indented=1\n[a \"b\"]\nurl = http://h/?a=b\n"}},
	} {
		for _, text := range c.texts {
			if err := c.format.Check([]byte(text)); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

func TestEachMistakeIsToldWithItsPlaceAndWithoutTheText(t *testing.T) {
	for _, c := range []struct {
		format     format.Format
		text, want string
	}{
		{format.JSON, "", "not valid json, line 1, column 1: it ends too early"},
		{format.JSON, "{\n  \"sécret\": 1,\n  \"ß\": secret\n}", "not valid json, line 3, column 8: unexpected character looking for beginning of value"},
		{format.JSON, "{\"a\": 1} secret", "not valid json, line 1, column 10: unexpected character after top-level value"},
		{format.JSON, "{\"a\": [1, 2", "not valid json, line 1, column 12: it ends too early"},
		{format.JSON, "[\"a\tsecret\"]", "not valid json, line 1, column 4: unexpected character in string literal"},
		{format.JSON, "{\"a\": 1,\n \"b\": {\"secret\": 1,\n  \"secret\" : 2}}", "not valid json, line 3, column 3: a key is set twice in one object"},
		{format.JSON, "{\"a\": \"x\", \"\\u0061\": 1}", "not valid json, line 1, column 12: a key is set twice in one object"},
		{format.JSON, "\"a\xffsecret\"", "not valid json, line 1, column 3: is not UTF-8"},
		{format.YAML, "a: 1\nb: [secret\n", "not valid yaml, line 2: syntax error"},
		{format.YAML, "[secret\n", "not valid yaml, line 2: syntax error"},
		{format.YAML, "a:\n  secret: 1\n  b: 2\n  secret: 3\n", "not valid yaml, line 4, column 3: a key is set twice in one mapping"},
		{format.YAML, "a: 1\n---\nb: 1\nb: 2\n", "not valid yaml, line 4, column 1: a key is set twice in one mapping"},
		{format.YAML, "a: *secret\n", "not valid yaml: an alias of something that does not exist"},
		{format.YAML, "a: 1\n\tsecret: 2\n", "not valid yaml, line 2: syntax error"},
		{format.TOML, "a = 1\nb = secret\n", "not valid toml, line 2, column 5: syntax error"},
		{format.TOML, "a = 1\n[secret]\n[secret]\n", "not valid toml, line 3: a key or table is defined twice"},
		{format.TOML, "secret = 1\nsecret = 2\n", "not valid toml, line 2: a key or table is defined twice"},
		{format.XML, "", "not valid xml, line 1, column 1: it has no element"},
		{format.XML, "secret", "not valid xml, line 1, column 1: text outside of the root element"},
		{format.XML, "<a/>\n<secret/>", "not valid xml, line 2, column 1: a second root element"},
		{format.XML, "<a>\n</secret>", "not valid xml, line 2, column 10: syntax error"},
		{format.XML, "<a>\nsecret", "not valid xml, line 2, column 7: syntax error"},
		{format.XML, "<a secret='1' secret='2'/>", "not valid xml, line 1, column 1: an attribute is set twice in one element"},
		{format.XML, "<?xml version='1.0' encoding='latin1'?><a/>", "not valid xml, line 1, column 1: its declared encoding is not UTF-8"},
		{format.INI, "a = 1\nsecret\n", "not valid ini, line 2, column 1: neither a section, a comment nor key = value"},
		{format.INI, "  = secret\n", "not valid ini, line 1, column 3: a value without a key"},
		{format.INI, "[secret\n", "not valid ini, line 1, column 1: a section without its closing bracket"},
		{format.INI, "[]\n", "not valid ini, line 1, column 1: a section without a name"},
		{format.INI, "[a] secret\n", "not valid ini, line 1, column 1: text after a section"},
		{format.INI, "a = b\x00secret\n", "not valid ini, line 1, column 6: a control character"},
		{format.PEM, "secret\n", "not valid pem, line 1, column 1: no PEM block"},
		{"morse", "", "not valid morse: is of no known format"},
	} {
		err := c.format.Check([]byte(c.text))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q:\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

// kinds are all that may follow a position: fixed texts, and places in a schema.
var kinds = regexp.MustCompile(`^(syntax error|it ends too early|is not UTF-8|a key is set twice in one (object|mapping)|` +
	`unexpected character (looking for beginning of (value|object key string)|after (object key|object key:value pair|array element|top-level value)|` +
	`in (string literal|string escape code|\\u hexadecimal character escape|numeric literal|exponent of numeric literal|literal (true|false|null) \(expecting '[a-z]'\))|` +
	`after decimal point in numeric literal)|` +
	`an alias of something that does not exist|a key or table is defined twice|it has no element|its declared encoding is not UTF-8|` +
	`a second root element|text outside of the root element|an attribute is set twice in one element|` +
	`neither a section, a comment nor key = value|a value without a key|a section without (its closing bracket|a name)|text after a section|a control character|` +
	`no PEM block|a block that is damaged or not closed|a (certificate|private key) that cannot be read|` +
	`a number that JSON does not have \(infinite, or none\)|` +
	`the rule (/(properties|port|name|when|1|list|items|type|minimum|maximum|required|additionalProperties|pattern|\$defs))* of the schema is not kept)$`)

// The text of an error must not quote the file, whatever the file says.
func quotesNothing(t *testing.T, err error, text string) {
	e, ok := errors.AsType[*format.Error](err)
	if !ok {
		t.Fatalf("the error is a %T", err)
	}
	// YAML ends lines at some other characters, too.
	breaks := strings.Count(strings.NewReplacer("\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text), "\n")
	if lines := breaks + 2; e.Line < 0 || e.Line > lines || e.Column < 0 || e.Format == "" {
		t.Fatalf("%+v in %d lines", e, lines)
	}
	if !kinds.MatchString(e.Kind) {
		t.Fatalf("an unknown text, which may quote the file: %s", e.Kind)
	}
}

func fuzz(f *testing.F, format format.Format, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := format.Check([]byte(text)); err != nil {
			quotesNothing(t, err, text)
		}
	})
}

func FuzzJSON(f *testing.F) { fuzz(f, format.JSON, `{"a": [1, {"b": null}], "a": 2}`, `"\u00e9`) }
func FuzzYAML(f *testing.F) {
	fuzz(f, format.YAML, "a: &x [1]\nb: *x\n<<: {c: 1}\n---\n? [a]\n: b\n", "a: *y", "&a [*a]")
}
func FuzzTOML(f *testing.F) {
	fuzz(f, format.TOML, "a = 1\n[b]\nc = [1, 2]\n[[d]]\ne.f = 2026-01-01\n")
}
func FuzzXML(f *testing.F) {
	fuzz(f, format.XML, "<?xml version='1.0'?><!DOCTYPE a><a b='1'>&lt;<![CDATA[x]]></a><!-- c -->")
}
func FuzzINI(f *testing.F) { fuzz(f, format.INI, "[a]\nb = c # d\n; e\n[") }
