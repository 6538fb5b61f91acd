package storm

import (
	"fmt"
	"maps"
	"strings"
	"syscall"
	"time"
)

// file is one file of a server's configuration.
type file struct {
	name     string
	template string
	// check accepts the staged file by itself, where the files are not one
	// directory; {{path}} stands for it.
	check func(*site) []string
}

// software is a server whose configuration is several files.
type software struct {
	name   string
	files  []file
	reload syscall.Signal
	// command runs it in the foreground with the files of a directory.
	command func(s *site, dir string) []string
	// check accepts all files of {{dir}} together.
	check func(*site) []string
	good  keys
	// refused and unhealthy are what makes a version bad: by the check, or only
	// by what is seen of it afterwards. "N" in a value is the version's number.
	refused, unhealthy []flaw
}

func (v version) good() bool { return v.flaw.name == "" }

// keys are what templates read from the store. Every version has all of them,
// and "generation" besides, which each of the files carries.
type keys map[string]string

// flaw is one way to be bad.
type flaw struct {
	name string
	keys keys
	// deaf is how long the server hears nothing after it was told of it,
	// because it tries again and again by itself.
	deaf time.Duration
}

// version is one state of the store.
type version struct {
	n    int
	flaw flaw // zero: none
	keys keys
}

// good returns version n without a flaw.
func (s *site) good(n int) version { return s.version(n, flaw{}) }

func (s *site) version(n int, f flaw) version {
	v := version{n: n, flaw: f, keys: keys{"generation": fmt.Sprint(n)}}
	maps.Copy(v.keys, s.software.good)
	maps.Copy(v.keys, f.keys)
	fill := strings.NewReplacer("PORT", fmt.Sprint(s.port), "OTHER", fmt.Sprint(s.other), "TAKEN", fmt.Sprint(s.taken),
		"BACKEND", s.backend, "DEAD", fmt.Sprint(s.dead), "ROOT", s.root, "SITE", s.dir, "N", fmt.Sprint(n))
	for k, text := range v.keys {
		if k != "generation" {
			v.keys[k] = fill.Replace(text)
		}
	}
	return v
}

// rendered is what the file of that version has to hold.
func (s *site) rendered(f file, v version) string {
	pairs := make([]string, 0, 2*len(v.keys))
	for k, value := range v.keys {
		pairs = append(pairs, fmt.Sprintf("{{ key %q }}", k), value)
	}
	return strings.NewReplacer(pairs...).Replace(s.template(f))
}

// template is a template with the paths of the site.
func (s *site) template(f file) string {
	return strings.NewReplacer("SITE", s.dir, "SCRATCH", s.scratch).Replace(f.template)
}
