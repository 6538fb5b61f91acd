package rules

import "testing"

// FuzzPattern matches globs in both ways: what is captured is found by the
// regular expression, so they have to agree.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"a*b", "axxb"}, {"*", ""}, {"a*a", "a"}, {"*a*b*", "xaxbx"}, {"**", "x"}, {"a.b", "axb"},
		{"\xff*", "\xffa"}, {"a*", "a\n"}, {"/a|b/", "ab"}, {"*ab*ab", "abab"}, {"(*", "(x"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, source, text string) {
		p, err := compile(source)
		if err != nil {
			return
		}
		first, again := p.match(text), p.match(text)
		if first != again || first != p.re.MatchString(text) {
			t.Fatalf("%q matches %q: %v, then %v; the regular expression says %v", source, text, first, again, !first)
		}
		_ = p.expand("$1${2}$0$$", text)
	})
}
