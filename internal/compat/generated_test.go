package compat

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var (
	seedFlag      = flag.Uint64("seed", 1, "seed of the generated templates; 0 takes a new one")
	templatesFlag = flag.Int("templates", 60, "how many templates are generated")
)

// TestGeneratedTemplatesGiveTheSame renders random templates over random data:
// both programs must leave the same bytes, or both must fail. One that differs
// is had again with -seed and -run.
func TestGeneratedTemplatesGiveTheSame(t *testing.T) {
	f := seeded(t)
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-seed %d -templates %d", seed, *templatesFlag)
	prefix := fmt.Sprintf("generated/%d/", seed)
	data := newGenerator(seed, 0, prefix, nil).data()
	for key, value := range data {
		f.put(t, prefix+key, value)
	}
	keys := slices.Sorted(maps.Keys(data))
	programs := pair(t, false)
	var rendered atomic.Int64
	t.Run("each", func(t *testing.T) {
		for n := range *templatesFlag {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				if generatedAgree(t, f, programs, newGenerator(seed, uint64(n)+1, prefix, keys).template()) {
					rendered.Add(1)
				}
			})
		}
	})
	if *templatesFlag >= 20 && !t.Failed() && rendered.Load() < int64(*templatesFlag/2) {
		t.Errorf("only %d of %d templates rendered: failing templates compare little", rendered.Load(), *templatesFlag)
	}
}

// generatedAgree reports whether both programs rendered the template.
func generatedAgree(t *testing.T, f *fixture, programs [2]program, template string) (rendered bool) {
	t.Helper()
	c := &testCase{
		files: []txtar.File{{Name: "in.tmpl", Data: []byte(template)}},
		env:   []string{"GENERATED=a generated, 'value'"},
	}
	reference, candidate := c.runBoth(t, f, programs)
	if reference.status != 0 && strings.Contains(reference.log, "reflect.Value.Type on zero Value") {
		return false // the row nil-is-in-nothing
	}
	if diff := difference(reference, candidate); diff != "" {
		t.Errorf("%s\ntemplate:\n%s\nreference said:\n%s\ncandidate said:\n%s", diff, template, reference.log, candidate.log)
	}
	if reference.status != 0 && !strings.Contains(reference.log, "execute:") && !strings.Contains(reference.log, "parse:") {
		t.Errorf("the reference failed for another reason than the template:\n%s\n%s", reference.log, template)
	}
	return reference.status == 0
}
