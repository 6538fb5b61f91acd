package consultemplate_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
)

// Whatever stands in a file: no panic, every error has a reason and a hint, and
// what is accepted is a complete configuration that shows no secret.
func FuzzLoad(f *testing.F) {
	for _, c := range broken {
		f.Add(c.text)
	}
	f.Add(`exec { command = "a" env { custom = ["A=1"] } } consul { token = "s3cret" auth = "u:s3cret" }`)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) { // no environment variable can hold it
			return
		}
		inv, err := consultemplate.Parse([]string{"-consul-token=hidden-token"}, []string{"CT_LOCAL_CONFIG=" + text})
		if err != nil {
			return
		}
		l, err := inv.Load()
		if err != nil {
			errs, ok := errors.AsType[config.Errors](err)
			if !ok {
				t.Fatalf("the error is a %T: %v", err, err)
			}
			for _, e := range errs {
				if e.Reason == "" || e.Hint == "" {
					t.Fatalf("an error without reason or hint: %+v", e)
				}
			}
			return
		}
		shown, err := l.Config.YAML()
		if err != nil || bytes.Contains(shown, []byte("hidden-token")) {
			t.Fatalf("a secret is shown (%v) in\n%s", err, shown)
		}
	})
}
