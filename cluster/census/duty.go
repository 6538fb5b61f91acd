package census

import (
	"context"
	"fmt"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/election"
)

// concludeTimeout bounds the two requests after a command, also when ctx is over.
const concludeTimeout = 5 * time.Second

// duty is a rule that is followed. It belongs to the goroutine of [Rules.Run].
type duty struct {
	rule Rule
	key  string

	streak Streak
	has    cluster.Entry // the last run as the store told it last
	last   Run           // the same, read; also the own one, of which it has not told yet
	known  bool          // it told once in this term
	since  time.Duration // when this process first saw the number of the last run
	busy   bool          // the command runs
	done   chan struct{} // one slot: the command has ended
}

// begin forgets what a term has seen. When the last run was seen first stays.
func (d *duty) begin() { d.streak, d.known = Streak{}, false }

// see takes the last run. The cool-down is measured by this process's own clock
// since it first saw that run: at worst it is longer than it should be, and no
// clock of another machine can make it shorter.
func (r *Rules) see(d *duty, e cluster.Entry) {
	run, _, err := read[Run](e)
	if err != nil {
		r.cfg.Log.Warn("the last run of a rule is not known; it is not run", "rule", d.rule.Name, "error", err)
		d.known = false
		return
	}
	if run.Number != d.last.Number || run.By != d.last.By {
		d.since = r.clock()
	}
	d.has, d.last, d.known = e, run, true
}

// look runs the command if it is time.
func (r *Rules) look(ctx context.Context, d *duty, term cluster.Version, commands *sync.WaitGroup) {
	select {
	case <-d.done:
		d.busy = false
	default:
	}
	counts, ok := r.cfg.Figures.Counts()
	d.streak = d.streak.Next(ok && d.rule.When.Holds(counts), r.clock())
	run, due := r.due(d, counts)
	if !due {
		return
	}
	claimed, err := r.claim(ctx, d, term, run)
	if err != nil {
		r.cfg.Log.Warn("the rule was not run", "rule", d.rule.Name, "error", err)
		return // if it was claimed for all that, the version is another one: the run is spent
	}
	if !claimed {
		return
	}
	d.last, d.since, d.streak, d.busy = run, r.clock(), Streak{}, true
	commands.Go(func() {
		r.carryOut(ctx, d.rule, run, counts)
		d.done <- struct{}{}
	})
}

// due returns the run that is to be made, if it is time for one.
func (r *Rules) due(d *duty, counts Counts) (run Run, due bool) {
	cool := d.last.Number == 0 || r.clock()-d.since >= d.rule.CoolDown
	if d.busy || !d.known || !cool || !d.streak.Lasted(d.rule.When.For) {
		return run, false
	}
	desired, ok := d.rule.Desired(counts.Running)
	value, _ := d.rule.When.Value(counts)
	return Run{
		Number: d.last.Number + 1, By: r.cfg.ID, When: time.Now().UTC(), Value: value,
		Current: counts.Running, Desired: desired,
	}, ok
}

// claim writes the run down, if this instance still leads and nobody else ran it
// since it was seen last.
func (r *Rules) claim(ctx context.Context, d *duty, term cluster.Version, run Run) (bool, error) {
	write, err := plain(d.key, run)
	if err != nil {
		return false, err
	}
	return r.cfg.Store.Commit(ctx, cluster.Txn{
		If:   []cluster.Condition{{Key: election.Key(r.cfg.Service), Version: term}, {Key: d.key, Version: d.has.Version}},
		Then: []cluster.Write{write},
	})
}

// carryOut runs the command and writes down how it went.
func (r *Rules) carryOut(ctx context.Context, rule Rule, run Run, counts Counts) {
	log := r.cfg.Log.With("service", r.cfg.Service, "rule", rule.Name, "run", run.Number)
	log.Info("a rule is run", "value", run.Value, "current", run.Current, "desired", run.Desired)
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, rule.Timeout)
	err := r.cfg.Runner.Run(limited, rule.Command, run.environment(r.cfg.Service, rule.Name, counts))
	cancel()
	run.Ended, run.Seconds = true, time.Since(began).Seconds()
	if err != nil {
		run.Failed = err.Error()
		log.Warn("the command of a rule failed", "error", err)
	} else {
		log.Info("the command of a rule has ended", "seconds", run.Seconds)
	}
	if err := r.conclude(ctx, rule, run); err != nil {
		log.Warn("how the rule went was not written down", "error", err)
	}
	if r.cfg.Ran != nil {
		r.cfg.Ran(rule, run)
	}
}

// conclude replaces the claim, unless a later run has.
func (r *Rules) conclude(ctx context.Context, rule Rule, run Run) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), concludeTimeout)
	defer cancel()
	e, err := look(ctx, r.cfg.Store, RuleKey(r.cfg.Service, rule.Name))
	if err != nil {
		return fmt.Errorf("reading the last run of %s: %w", rule.Name, err)
	}
	if claimed, _, _ := read[Run](e); claimed.Number != run.Number || claimed.By != run.By {
		return nil
	}
	write, err := plain(e.Key, run)
	if err != nil {
		return err
	}
	_, err = r.cfg.Store.Commit(ctx, cluster.Txn{If: []cluster.Condition{{Key: e.Key, Version: e.Version}}, Then: []cluster.Write{write}})
	return err
}
