package census_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"concierge/cluster"
	"concierge/cluster/census"
	"concierge/cluster/election"
	"concierge/cluster/member"
	"concierge/cluster/storetest/servers"
)

// ran is what the fleet's commands were told.
type ran struct {
	mu   sync.Mutex
	env  [][]string // guarded by mu
	meet func()     // called by the first run
}

func (r *ran) Run(_ context.Context, _, env []string) error {
	r.mu.Lock()
	r.env = append(r.env, env)
	first := len(r.env) == 1
	r.mu.Unlock()
	if first && r.meet != nil {
		r.meet()
	}
	return nil
}

func (r *ran) runs() [][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.env)
}

// watched counts how often the numbers were looked at.
type watched struct {
	census.Figures
	looks atomic.Int64
}

func (w *watched) Counts() (census.Counts, bool) {
	c, ok := w.Figures.Counts()
	if ok {
		w.looks.Add(1)
	}
	return c, ok
}

var busy = census.Rule{
	Name: "more", When: census.Condition{Number: "avg", Of: "load", Test: ">", Limit: 5, For: 500 * time.Millisecond},
	Command: []string{"scale"}, CoolDown: time.Hour, Timeout: time.Minute, Max: 4,
}

// following runs the rule in a node.
func following(t *testing.T, rule census.Rule, to census.Runner, looks map[string]*watched) func(*node) func(context.Context) {
	return func(n *node) func(context.Context) {
		figures := &watched{Figures: n.clerk}
		looks[n.id] = figures
		rules, err := census.NewRules(census.RulesConfig{
			Store: n.store, Office: n.candidate, Figures: figures, Runner: to, Service: "web", ID: n.id,
			Rules: []census.Rule{rule}, Every: 50 * time.Millisecond,
		})
		must(t, err)
		return rules.Run
	}
}

func TestRuleRunsOncePerFleetAlsoWhenItsLeaderIsKilledMeanwhile(t *testing.T) {
	servers.Each(t, func(t *testing.T, names servers.Namespace) {
		commands, looks := &ran{}, make(map[string]*watched)
		var all []*node
		for _, id := range []string{"a", "b", "c"} {
			all = append(all, start(t, names, id, following(t, busy, commands, looks)))
		}
		commands.meet = func() { _ = leader(t, promptly, all...).store.Close() } // as a crash, while the command runs
		for _, n := range all {
			n.announcer.Report(member.Status{Health: "healthy", Numbers: map[string]float64{"load": 3}})
		}
		first := leader(t, promptly, all...)
		eventually(t, promptly, "the calm is seen", func() bool { return looks[first.id].looks.Load() > 20 })
		if n := len(commands.runs()); n != 0 {
			t.Fatalf("%d runs while the load was low", n)
		}
		for _, n := range all {
			n.announcer.Report(member.Status{Health: "healthy", Numbers: map[string]float64{"load": 8}})
		}
		eventually(t, promptly, "the command runs", func() bool { return len(commands.runs()) == 1 })
		for _, want := range []string{"SERVICE=web", "CURRENT=3", "DESIRED=4", "NUMBER=8"} {
			if !slices.Contains(commands.runs()[0], want) {
				t.Errorf("the command was told %q, without %s", commands.runs()[0], want)
			}
		}
		eventually(t, promptly, "the leader is dead", func() bool { return !first.leads() })
		next := leader(t, names.Expiry(ttl)+promptly, others(all, first)...)
		begun := looks[next.id].looks.Load()
		eventually(t, promptly, "the next leader has looked for longer than the condition asks", func() bool { return looks[next.id].looks.Load() > begun+40 })
		if n := len(commands.runs()); n != 1 {
			t.Errorf("the command ran %d times", n)
		}
	})
}

// pretender believes that it leads, whoever does.
type pretender cluster.Version

func (p pretender) Leading() (cluster.Version, bool) { return cluster.Version(p), true }

func (p pretender) Former() (l election.Leader, ok bool) { return l, false }

// fixed are figures that do not change.
type fixed census.Counts

func (f fixed) Counts() (census.Counts, bool) { return census.Counts(f), true }

var loaded = fixed{Running: 3, Numbers: map[string]census.Number{"load": {Avg: 9, Of: 3}}}

// follow runs the rule in somebody who believes that the term is its own.
func follow(t *testing.T, s cluster.Store, id string, term cluster.Version, rule census.Rule, to census.Runner, ended func(census.Rule, census.Run)) {
	t.Helper()
	rules, err := census.NewRules(census.RulesConfig{
		Store: s, Office: pretender(term), Figures: loaded, Runner: to, Service: "web", ID: id,
		Rules: []census.Rule{rule}, Every: 10 * time.Millisecond, Ran: ended,
	})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { rules.Run(ctx) })
	t.Cleanup(func() { cancel(); run.Wait() })
}

// reign writes the key of a leader and returns its version, which is another one
// each time: Consul leaves a key alone that is written as it is.
func reign(t *testing.T, s cluster.Store) cluster.Version {
	t.Helper()
	key := election.Key("web")
	value := fmt.Appendf(nil, `{"incarnation":%q}`, member.NewIncarnation())
	_, err := s.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{{Key: key, Value: value}}})
	must(t, err)
	v, err := s.Read(t.Context(), key)
	must(t, err)
	return v.Get(key).Version
}

func TestTwoWhoBelieveToLeadRunTheCommandOnce(t *testing.T) {
	servers.Each(t, func(t *testing.T, names servers.Namespace) {
		s, commands := names.Dial(), &ran{}
		old := reign(t, s)
		term := reign(t, s)
		ended := make(chan census.Run, 10)
		tell := func(_ census.Rule, run census.Run) { ended <- run }
		follow(t, names.Dial(), "late", old, busy, commands, tell)
		for _, id := range []string{"a", "b"} {
			follow(t, names.Dial(), id, term, busy, commands, tell)
		}
		run := <-ended
		if run.By == "late" || run.Number != 1 || !run.Ended || run.Failed != "" || run.Desired != 4 {
			t.Errorf("the run was %+v", run)
		}
		// A rule that may run again and again shows that all of them had their chance.
		again := busy
		again.Name, again.CoolDown, again.Timeout = "again", time.Second, time.Second
		follow(t, names.Dial(), "c", term, again, &ran{}, func(_ census.Rule, run census.Run) { ended <- run })
		for range 2 {
			<-ended
		}
		if n := len(commands.runs()); n != 1 {
			t.Errorf("the command ran %d times", n)
		}
	})
}

type failing struct{}

func (failing) Run(ctx context.Context, _, _ []string) error {
	<-ctx.Done()
	return errors.New("it took too long")
}

func TestCommandIsEndedByItsTimeoutAndThatIsWrittenDown(t *testing.T) {
	servers.Each(t, func(t *testing.T, names servers.Namespace) {
		s := names.Dial()
		rule := busy
		rule.Timeout = 100 * time.Millisecond
		ended := make(chan census.Run, 1)
		follow(t, s, "a", reign(t, s), rule, failing{}, func(_ census.Rule, run census.Run) { ended <- run })
		run := <-ended
		if run.Failed != "it took too long" || run.Seconds < 0.1 {
			t.Errorf("the run was %+v", run)
		}
		runs, err := census.ReadRuns(t.Context(), s, "web")
		if err != nil || runs["more"] != run {
			t.Errorf("in the store is %+v, %v; want %+v", runs, err, run)
		}
	})
}

func TestRuleThatCannotBeFollowedIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*census.Rule){
		"no command":   func(r *census.Rule) { r.Command = nil },
		"no name":      func(r *census.Rule) { r.Name = "" },
		"no such test": func(r *census.Rule) { r.When.Test = "~" },
		"no duration":  func(r *census.Rule) { r.When.For = 0 },
		"no number":    func(r *census.Rule) { r.When.Number = "median" },
	} {
		rule := busy
		spoil(&rule)
		_, err := census.NewRules(census.RulesConfig{
			Store: refusing{}, Office: pretender(1), Figures: loaded, Runner: failing{}, Service: "web", ID: "a", Rules: []census.Rule{rule},
		})
		if err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

// refusing is a store that is never asked.
type refusing struct{ cluster.Store }

// mute is a store that never tells whether it did the first write; did is
// whether it does.
type mute struct {
	cluster.Store
	did   bool
	asked atomic.Int64
}

func (m *mute) Commit(ctx context.Context, txn cluster.Txn) (bool, error) {
	if m.asked.Add(1) > 1 {
		return m.Store.Commit(ctx, txn)
	}
	if m.did {
		if _, err := m.Store.Commit(ctx, txn); err != nil {
			return false, err
		}
	}
	return false, errors.New("the connection was lost")
}

func TestClaimWithoutAnAnswerIsNeverRunTwice(t *testing.T) {
	servers.Each(t, func(t *testing.T, names servers.Namespace) {
		for did, want := range map[bool]int{true: 0, false: 1} {
			plain, commands := names.Dial(), &ran{}
			rule := busy
			rule.Name += map[bool]string{true: "-done", false: "-lost"}[did]
			s := &mute{Store: plain, did: did}
			term := reign(t, plain)
			follow(t, s, "a", term, rule, commands, nil)
			eventually(t, promptly, "the run is in the store", func() bool {
				runs, err := census.ReadRuns(t.Context(), plain, "web")
				must(t, err)
				return runs[rule.Name].Number == 1
			})
			ended := make(chan census.Run, 10)
			again := busy
			again.Name, again.CoolDown, again.Timeout = rule.Name+"-again", time.Second, time.Second
			follow(t, names.Dial(), "c", term, again, &ran{}, func(_ census.Rule, run census.Run) { ended <- run })
			<-ended // so that the rule had its chance
			if n := len(commands.runs()); n != want {
				t.Errorf("done %t: the command ran %d times, want %d", did, n, want)
			}
		}
	})
}
