package bench

import (
	"context"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// tinyPlan is enough to see that every figure is taken.
func tinyPlan() plan {
	return plan{
		sizes: []int{1, 3}, sparse: 4, templates: 3, secrets: []int{2},
		starts: 1, minOnce: 1, maxOnce: 1, rounds: 1, minChanges: 2, maxChanges: 2, idle: 50 * time.Millisecond, bars: true,
	}
}

func TestComparisonFillsEveryRow(t *testing.T) {
	r := newReport(t, tinyPlan(), t.Output())
	if err := r.perform(t.Context(), r.parts(newGround(t)), regexp.MustCompile("")); err != nil {
		t.Fatal(err)
	}
	for _, store := range []string{"Consul", "etcd", "file", "Vault"} {
		for _, s := range r.scenarios(store) {
			for _, c := range r.of(s) {
				r.expectFigures(t, s, c)
			}
		}
	}
	for _, bar := range r.bars() {
		if math.IsNaN(bar.value) && !strings.Contains(bar.limit, "confd") {
			t.Errorf("no figure to judge %s, %s", bar.work, bar.limit)
		}
	}
	text, err := r.markdown()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| concierge / consul-template | 1 key | ratio | 3 keys | ratio | tree of 3 | ratio | 4 keys of 40 | ratio |",
		"| concierge / consul-template | 3 templates | ratio | 1 key and a child | ratio |",
		"| concierge / Vault Agent | 2 secrets | ratio |",
		"| concierge / bare client | 1 key | ratio |",
		"### On Consul, concierge alone\n\n| concierge | 3 variables |",
		"| ten keys rendered, process ended |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
}

// expectFigures wants all that a scenario's form and the contender promise.
func (r *report) expectFigures(t *testing.T, s scenario, c contender) {
	t.Helper()
	var want []quantity
	if s.form.oneShot() && c.once != nil {
		want = append(want, onceTime, onceCPU, onceMemory)
	}
	if s.form.changes() {
		want = append(want, latency, putTime, changeCPU, daemonMemory)
	}
	if s.form.idles() && !c.yardstick {
		want = append(want, idleMemory, idleCPU, descriptors)
	}
	if s.form == withChild {
		want = append(want, latency, signalLag)
	}
	for _, q := range want {
		if v := median(r.results.at(s, c)[q]); math.IsNaN(v) || v <= 0 && q != signalLag && q != idleCPU {
			t.Errorf("%s on %s, %s: quantity %d is %v", c.name, s.store, s, q, v)
		}
	}
}

func TestPartsAreChosenByName(t *testing.T) {
	r := run{plan: tinyPlan(), progress: t.Output()}
	var done []string
	note := func(name string) part {
		return part{name, func(context.Context) error { done = append(done, name); return nil }}
	}
	parts := []part{note("Consul, 3 templates"), note("Consul, 1 key"), note("idle")}
	if err := r.perform(t.Context(), parts, regexp.MustCompile("templates|^idle")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Consul, 3 templates", "idle"}; !slices.Equal(done, want) {
		t.Errorf("measured %q, want %q", done, want)
	}
	err := r.perform(t.Context(), parts, regexp.MustCompile("zookeeper"))
	if err == nil || !strings.Contains(err.Error(), "Consul, 1 key") {
		t.Errorf("a name that is not there: %v; the error must list the names", err)
	}
}

func TestFiguresAreJudged(t *testing.T) {
	for value, want := range map[float64]string{0.9: "met", 1: "met", 1.1: "**not met**"} {
		if got := (bar{most: 1, value: value}).verdict(); got != want {
			t.Errorf("%v of at most 1 is %q, want %q", value, got, want)
		}
	}
	if got := (bar{most: 1, value: math.NaN()}).verdict(); got != "not measured" {
		t.Errorf("without a figure it is %q", got)
	}
}
