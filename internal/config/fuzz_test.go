package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/config"
)

// Whatever stands in the file: no panic, every error has a place, and what is
// accepted can be written and read again.
func FuzzLoad(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(seeds) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, s := range seeds {
		text, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(full)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) { // no environment variable can hold it
			return
		}
		c, err := config.Load(config.Options{Environ: []string{"CONCIERGE_CONFIG_INLINE=" + text}})
		if err != nil {
			errs, ok := errors.AsType[config.Errors](err)
			if !ok {
				t.Fatalf("the error is a %T: %v", err, err)
			}
			for _, e := range errs {
				if e.File == "" || e.Reason == "" {
					t.Fatalf("an error without place or reason: %+v", e)
				}
			}
			return
		}
		written, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(config.Options{Environ: []string{"CONCIERGE_CONFIG_INLINE=" + string(written)}}); err != nil {
			t.Fatalf("cannot read what was written: %v\n%s", err, written)
		}
	})
}
