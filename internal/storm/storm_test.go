package storm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNginx and the others are parts of one proof; see the package comment.
func TestNginx(t *testing.T) {
	s := setup{site: newSite(t, nginx(installed(t, "nginx"))), store: document(t)}
	s.install(t, s.good(0)) // a check of one file reads the others
	asChild(t, s, theSize())
}

func TestHAProxy(t *testing.T) {
	s := setup{site: newSite(t, haproxy(installed(t, "haproxy"))), store: etcd(t), directory: true}
	asChild(t, s, theSize())
}

// asChild is a server that concierge starts.
func asChild(t *testing.T, s setup, p plan) {
	t.Helper()
	c := newChanger(t, s, built(t), newRandom(t))
	c.figures.software = s.software.name
	changes := c.underLoad(p)
	changes.hold(t)

	load := begin(t, s.site, p)
	kills := c.killed(p.kills, anyMoment)
	if mixed := load.end().mixed; mixed > 0 {
		t.Errorf("%d answers were from files of several versions", mixed)
	}
	publish(t, s.software.name, changes.markdown()+"\n"+kills.markdown(s.software.name+" as child, concierge as PID 1"))
}

// publish prints figures, and writes them into the document if that is asked
// for.
func publish(t *testing.T, part, figures string) {
	t.Helper()
	t.Logf("%s\n%s", part, figures)
	if !*update || t.Failed() {
		return
	}
	path := filepath.Join("..", "..", "docs", "rollback.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := fmt.Sprintf("<!-- %s: written by make storm -->\n", part), fmt.Sprintf("<!-- end of %s -->", part)
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s has no place for the figures: put the lines %q and %q back", path, begin, end)
	}
	write(t, path, before+begin+figures+end+after)
}
