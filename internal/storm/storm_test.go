package storm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/testserver"
)

// TestNginx and the others are parts of one proof; see the package comment.
func TestNginx(t *testing.T) {
	s := setup{site: newSite(t, nginx(installed(t, "nginx"))), store: document(t), watch: theSize().watch}
	s.install(t, s.good(0)) // a check of one file reads the others
	asChild(t, s, theSize())
}

func TestHAProxy(t *testing.T) {
	s := setup{site: newSite(t, haproxy(installed(t, "haproxy"))), store: etcd(t), watch: theSize().watch, directory: true}
	asChild(t, s, theSize())
}

// asChild is a server that concierge starts.
func asChild(t *testing.T, s setup, p plan) {
	t.Helper()
	c := newChanger(t, s, testserver.Concierge(t), newRandom(t))
	c.figures.software = s.software.name
	changes := c.underLoad(p)
	changes.hold(t, s.window)

	load := begin(t, s.site, p)
	kills := c.killed(p.kills, randomMoments)
	if mixed := load.end().mixed; mixed > 0 {
		t.Errorf("%d answers were from files of several versions", mixed)
	}
	publish(t, s.software.name, changes.markdown()+"\n"+kills.markdown(s.software.name+" as child, concierge as PID 1"))
}

// TestNginxOutside is a server that concierge has not started, and tells by a
// command that takes its time: kills come between the files and that.
func TestNginxOutside(t *testing.T) {
	path, p := installed(t, "nginx"), theSize()
	s := setup{site: newSite(t, nginx(path)), store: document(t), watch: theSize().watch}
	s.outside = []string{"sh", "-c", `sleep 0.1; exec "$@"`, "sh", path, "-p", s.scratch, "-c", s.dir + "/nginx.conf", "-s", "reload"}
	outside(t, s.site, s.good(0))
	c := newChanger(t, s, testserver.Concierge(t), newRandom(t))
	begin(t, s.site, p)
	kills := c.killed(p.outsideKills, onceCommitted)
	publish(t, "nginx outside", kills.markdown("nginx not a child, told by a command"))
}

// TestNginxDirectory is a server whose files are one directory behind a link.
func TestNginxDirectory(t *testing.T) {
	p := theSize()
	s := setup{site: newSite(t, nginx(installed(t, "nginx"))), store: document(t), watch: theSize().watch, directory: true}
	c := newChanger(t, s, testserver.Concierge(t), newRandom(t))
	begin(t, s.site, p)
	kills := c.killed(p.outsideKills, randomMoments)
	publish(t, "nginx directory", kills.markdown("nginx as child, with a directory"))
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
	begin, end := fmt.Sprintf("<!-- storm: %s -->\n", part), fmt.Sprintf("<!-- end of %s -->", part)
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s has no place for the figures: put the lines %q and %q back", path, begin, end)
	}
	write(t, path, before+begin+"\n"+figures+"\n"+end+after)
}
