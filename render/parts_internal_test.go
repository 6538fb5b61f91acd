package render

import (
	"testing"

	"concierge/render/funcs"
)

// TestSprigFunctionsWereLookedAt fails when sprig gets further functions: those
// that have effects or depend on more than their arguments belong to
// unrepeatable.
func TestSprigFunctionsWereLookedAt(t *testing.T) {
	const lookedAt = 194
	if got := len(funcs.Sprig()); got != lookedAt {
		t.Errorf("sprig has %d functions, %d were looked at", got, lookedAt)
	}
	all := shared()
	for _, name := range unrepeatable {
		if !all.has(name) {
			t.Errorf("there is no function %s", name)
		}
	}
}

func TestTemplatesWithChangingFunctionsAreExecutedAsAWhole(t *testing.T) {
	for _, call := range []string{`ago "x"`, `sprig_ago "x"`, "randInt 1 2", `genPrivateKey "ed25519"`, "timestamp", `sockaddr "x"`} {
		text := "{{ " + call + " }}"
		for range partsMin {
			text += `{{ key "a" }} `
		}
		tmpl, err := Parse(text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(tmpl.cut.parts) > 0 {
			t.Errorf("a template with %s is cut", call)
		}
	}
}
