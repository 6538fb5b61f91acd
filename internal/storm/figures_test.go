package storm

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// figures are what a run under load showed.
type figures struct {
	software    string
	took        time.Duration
	reloads     int // of the twin; those of concierge are as many
	ours, plain counts
	bad         []span
	// How long it took from the write to what is said: served, refused, and the
	// version before served again.
	applied, refused, undone []time.Duration
	// toldAgain are those of undone whose server lost the signal of the roll-back.
	toldAgain []time.Duration
}

// killFigures are what kills showed.
type killFigures struct {
	kills, bad int             // bad: the version written last was
	torn       int             // files of several versions were on disk when concierge was dead
	settled    []time.Duration // from the restart to a whole version served
}

// per100k is how many of n there are for 100,000 of all.
func per100k(n, all int) float64 { return float64(n) * 1e5 / float64(max(all, 1)) }

// hold checks a run against what is promised.
func (f figures) hold(t *testing.T, window time.Duration) {
	t.Helper()
	lost, plain := f.ours.lost(f.bad), f.plain.lost(nil)
	ours, theirs := per100k(len(lost), f.ours.total), per100k(len(plain), f.plain.total)
	// Two counts of the same rate differ by chance, by some roots of them.
	if chance := 4 * per100k(1, f.ours.total) * math.Sqrt(float64(len(plain))+1); ours > theirs+chance {
		t.Errorf("lost %.2f of 100,000 requests, plain reloads %.2f:\n%s", ours, theirs, kinds(lost))
	}
	if f.ours.mixed > 0 {
		t.Errorf("%d answers were from files of several versions", f.ours.mixed)
	}
	if most := slices.Max(f.undone); most > 2*window {
		t.Errorf("a bad change was undone only after %s, with a window of %s", most, window)
	}
	if all := append(f.toldAgain, 0); slices.Max(all) > 3*window {
		t.Errorf("a bad change whose server lost a signal was undone only after %s, with a window of %s", slices.Max(all), window)
	}
}

// row prints a time as median and longest.
func row(b *strings.Builder, what string, all []time.Duration) {
	sorted := slices.Sorted(slices.Values(all))
	if len(sorted) > 0 {
		fmt.Fprintf(b, "| %s | %d | %s | %s |\n", what, len(sorted), short(sorted[len(sorted)/2]), short(sorted[len(sorted)-1]))
	}
}

func short(d time.Duration) string { return d.Round(time.Millisecond).String() }

// markdown prints a run.
func (f figures) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s, %s | count | median | longest |\n|---|---|---|---|\n", f.software, f.took.Round(time.Second))
	row(&b, "good change: from the write until it is served", f.applied)
	row(&b, "refused by the check: until the log says so", f.refused)
	row(&b, "unhealthy: until the version before is served again", f.undone)
	row(&b, "the same, when the server lost the signal of the roll-back", f.toldAgain)
	b.WriteString("\n| requests | with concierge | plain reloads |\n|---|---|---|\n")
	lost, plain := f.ours.lost(f.bad), f.plain.lost(nil)
	line := func(what string, ours, theirs any) { fmt.Fprintf(&b, "| %s | %v | %v |\n", what, ours, theirs) }
	line("made", f.ours.total, f.plain.total)
	line("failed while a bad version was about", len(f.ours.failures)-len(lost), "–")
	line("lost besides", len(lost), len(plain))
	line("lost of 100,000", fmt.Sprintf("%.2f", per100k(len(lost), f.ours.total)), fmt.Sprintf("%.2f", per100k(len(plain), f.plain.total)))
	line("repeated by the client on a new connection", f.ours.repeated, f.plain.repeated)
	line("answered from files of several versions", f.ours.mixed, f.plain.mixed)
	line("reloads", f.reloads, f.reloads)
	return b.String()
}

// markdown prints what kills showed.
func (f killFigures) markdown(what string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | count | median | longest |\n|---|---|---|---|\n", what)
	row(&b, "killed and started again: until a whole good version is served", f.settled)
	fmt.Fprintf(&b, "| of these, the version written last was bad | %d | | |\n", f.bad)
	fmt.Fprintf(&b, "| of these, files of several versions were on disk at the moment of the kill | %d | | |\n", f.torn)
	return b.String()
}
