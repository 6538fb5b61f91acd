package bench

import (
	"fmt"
	"strings"
)

// form is what is done with the keys of a scenario.
type form uint8

const (
	keyCalls     form = iota // one template with a key call for each key
	oneTree                  // one template with one tree call
	oneInTen                 // key calls for one in ten of the keys that are there
	ownTemplates             // a template for each key
	withChild                // key calls, and a child that is told by SIGHUP
	variables                // a process started with a variable for each key
	secretCalls              // one template with a secret of Vault for each key
)

func (f form) oneShot() bool { return f != withChild }

func (f form) changes() bool { return f == keyCalls || f == oneTree || f == ownTemplates }

func (f form) idles() bool { return f.changes() || f == secretCalls }

// scenario is one piece of work on one store. It is comparable, and a key of
// results.
type scenario struct {
	store string // name of the store
	keys  int    // keys that are wanted
	form  form
}

// String names the scenario within its store, as a column of a table.
func (s scenario) String() string {
	n := thousands(s.keys)
	switch s.form {
	case oneTree:
		return "tree of " + n
	case oneInTen:
		return n + " keys of " + thousands(s.space())
	case ownTemplates:
		return plural(s.keys, "template")
	case withChild:
		return plural(s.keys, "key") + " and a child"
	case variables:
		return plural(s.keys, "variable")
	case secretCalls:
		return plural(s.keys, "secret")
	}
	return plural(s.keys, "key")
}

// space is how many keys are in the store for the scenario.
func (s scenario) space() int {
	if s.form == oneInTen {
		return 10 * s.keys
	}
	return s.keys
}

// key is the number within the space of the i-th key that is wanted.
func (s scenario) key(i int) int { return i * s.space() / s.keys }

func (s scenario) path(i int) string { return keyPath(s.space(), s.key(i)) }

// line renders one key, in the language that concierge, consul-template and
// Vault Agent share.
func (s scenario) line(i int) string {
	call := fmt.Sprintf("{{ key %q }}", s.path(i))
	if s.form == secretCalls {
		call = fmt.Sprintf("{{ with secret %q }}{{ .Data.data.value }}{{ end }}", "secret/data/"+s.path(i))
	}
	return name(s.key(i)) + " = " + call + "\n"
}

// template renders all keys.
func (s scenario) template() string {
	if s.form == oneTree {
		return fmt.Sprintf("{{ range tree %q }}{{ .Key }} = {{ .Value }}\n{{ end }}", prefix(s.keys))
	}
	var b strings.Builder
	for i := range s.keys {
		b.WriteString(s.line(i))
	}
	return b.String()
}

// oneDirectory is how many keys are kept in one directory. More of them are
// spread over directories of perDirectory each.
const (
	oneDirectory = 10_000
	perDirectory = 200
)

// prefix is where the keys of a space of n are. All prefixes have one length,
// since a tree call takes them as the beginning of a text: a change of one key
// there concerns no other space.
func prefix(n int) string { return fmt.Sprintf("bench/%06d", n) }

func name(i int) string { return fmt.Sprintf("key-%05d", i) }

// keyPath is where key i of n is.
func keyPath(n, i int) string {
	if n > oneDirectory {
		return fmt.Sprintf("%s/dir-%03d/%s", prefix(n), i/perDirectory, name(i))
	}
	return prefix(n) + "/" + name(i)
}

// thousands prints a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + one + "s"
}
