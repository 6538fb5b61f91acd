package bench

import (
	"context"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/testserver"
)

// shellContender renders a directory of keys with sh: a program that is on
// every machine, for the harness to measure.
func shellContender() contender {
	render := func(j job) string {
		return `for f in ` + filepath.Join(j.address, prefix(j.keys)) + `/key-*; do printf '%s = %s\n' "${f##*/}" "$(cat $f)"; done >` +
			j.output(0) + `.new && mv ` + j.output(0) + `.new ` + j.output(0)
	}
	return contender{
		name: "sh", binary: "/bin/sh", takes: forms("file", keyCalls, oneTree), prepare: writeTemplates,
		once:    func(j job) []string { return []string{"-c", render(j)} },
		follow:  func(j job) []string { return []string{"-c", "while " + render(j) + "; do sleep 0.02; done"} },
		version: []string{"-c", "true"}, stop: syscall.SIGTERM,
	}
}

func TestIncompleteRenderingIsAnError(t *testing.T) {
	good := "a/key-00000 = x\nkey-00001 = y\n"
	two := scenario{keys: 2}
	if err := checkText(good, two); err != nil {
		t.Errorf("a complete rendering: %v", err)
	}
	for name, text := range map[string]string{
		"key left out":   "key-00001 = y\n",
		"value left out": "key-00000 = \nkey-00001 = y\n",
		"end left out":   "key-00000 = x\n",
		"key too many":   good + "key-00002 = z\n",
	} {
		if err := checkText(text, two); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := checkVariables("HOME=/\x00a=initial-1\x00b=changed-2\x00", 2); err != nil {
		t.Errorf("all variables: %v", err)
	}
	if err := checkVariables("HOME=/\x00a=initial-1\x00b=\x00", 2); err == nil {
		t.Error("an empty variable: no error")
	}
}

func TestDaemonThatEndsIsReportedWithItsLog(t *testing.T) {
	c := shellContender()
	c.follow = func(job) []string { return []string{"-c", "echo no such store >&2; exit 3"} }
	j, err := c.newJob(t.TempDir(), fileStore{t.TempDir()}, scenario{store: "file", keys: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = startDaemon(ctx, c, j)
	if err == nil || !strings.Contains(err.Error(), "ended by itself") || !strings.Contains(err.Error(), "no such store") {
		t.Errorf("the error is %v", err)
	}
}

func TestPeakMemoryIsThatOfTheProgramAlone(t *testing.T) {
	const ballast = 300 << 20
	held := make([]byte, ballast)
	for i := 0; i < ballast; i += os.Getpagesize() {
		held[i] = 1
	}
	s, err := once(t.Context(), "/bin/sh", "-c", ":")
	if err != nil {
		t.Fatal(err)
	}
	if s.Peak <= 0 || s.Peak > ballast/2 {
		t.Errorf("peak of sh is %d bytes while the harness holds %d", s.Peak, len(held))
	}
}

func TestFailingProgramIsReportedWithItsWords(t *testing.T) {
	_, err := once(t.Context(), "/bin/sh", "-c", "echo out of luck >&2; exit 4")
	if err == nil || !strings.Contains(err.Error(), "out of luck") {
		t.Errorf("the error is %v", err)
	}
}

func TestConnectionsAreCounted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, before, err := openFiles(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	open, after, err := openFiles(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if after != before+1 || open <= after {
		t.Errorf("connections went from %d to %d of %d descriptors, want one more", before, after, open)
	}
}

func TestCPUTimeCountsWorkOnly(t *testing.T) {
	used := func(f func()) time.Duration {
		before, err := testserver.CPUTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		f()
		after, err := testserver.CPUTime(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		return after - before
	}
	work := used(func() {
		for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
		}
	})
	rest := used(func() { <-time.After(50 * time.Millisecond) })
	if work <= rest {
		t.Errorf("working took %s, resting %s", work, rest)
	}
}

func TestFiguresReplaceThoseBefore(t *testing.T) {
	p := placeFor("bench-peers")
	text := "a\n" + p.begin + "-->\nold\n" + p.end + "\nb\n"
	got, err := p.replace(text, "new\n")
	if want := strings.Replace(text, "old", "new", 1); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := p.replace("a\nb\n", "new\n"); err == nil {
		t.Error("a document without a place for figures: no error")
	}
}

func TestDocumentsHaveAPlaceForFigures(t *testing.T) {
	for target, name := range map[string]string{"bench-peers": "performance.md", "fleet": "scale.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := placeFor(target).replace(string(text), ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNumbersAreRoundedForReaders(t *testing.T) {
	for got, want := range map[string]string{
		seconds(0.0000123): "12 µs", seconds(0.00456): "4.6 ms", seconds(2.34): "2.3 s", seconds(0.0996): "100 ms",
		megabytes(123_456_789): "123 MB", pieces(10_009): "10,009", thousands(1_000_000): "1,000,000",
		ratio(1, 2): "0.50", ratio(1, 0): "–", ratio(3, 10_000): "0.0003", ratio(123, 10): "12",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	values := []float64{4, 1, 3, 2}
	if m, p := median(values), p95(values); m != 2 || p != 4 || !math.IsNaN(median(nil)) {
		t.Errorf("median is %v, p95 %v", m, p)
	}
}
