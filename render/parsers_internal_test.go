package render

import (
	"net/url"
	"strings"
	"testing"

	"concierge/sources"
)

func FuzzSecretWrite(f *testing.F) {
	for _, seed := range [][3]string{{"pki/issue/web", "common_name=a", "ttl = 1h"}, {"/p/", "", "a=b=c"}, {"p?x=1", "a", "=v"}, {" ", "a=", "%=&"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, path, first, second string) {
		args := []string{path, first, second}
		o := &Options{Destination: "/etc/cert.pem"}
		for _, ask := range []asker{secretAsked, certificateAsked} {
			q, err := ask(o, args)
			if err != nil {
				if !strings.HasSuffix(err.Error(), ")") {
					t.Errorf("%q: error without a hint: %v", args, err)
				}
				continue
			}
			params, err := url.ParseQuery(q.Opts().Params)
			if err != nil || params.Encode() != q.Opts().Params || q.Path == "" {
				t.Errorf("%q became %+v, %v", args, q, err)
			}
			if q.Kind == sources.PKICertificate && params.Get(sources.ParamFile) != o.Destination {
				t.Errorf("%q became %+v, which lacks the file", args, q)
			}
		}
	})
}

func FuzzWriteSettings(f *testing.F) {
	for _, seed := range [][2]string{{"0644", "append"}, {"7777", "append,newline"}, {"8", "newline|x"}, {"", ""}, {"-1", ", ,"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, mode, flags string) {
		if m, err := permissions(mode); err == nil && m.Perm() != m {
			t.Errorf("permissions %q became %v", mode, m)
		}
		var w Write
		if err := w.flags(flags); err == nil && w.Append != strings.Contains(flags, "append") {
			t.Errorf("flags %q became %+v", flags, w)
		}
	})
}
