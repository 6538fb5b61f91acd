package census

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"concierge/cluster"
)

// Figures are the counts of now. [Clerk] has them.
type Figures interface {
	// Counts is false unless the instance leads and knows enough. It does not
	// block.
	Counts() (Counts, bool)
}

// Runner runs a command.
type Runner interface {
	// Run blocks until the command has ended; it ends the command with ctx. The
	// environment is in addition to the one that commands have. It may be called
	// concurrently. Its error must have no secrets: it goes to the store.
	Run(ctx context.Context, command, env []string) error
}

// RulesConfig is what rules need. What has no default is needed.
type RulesConfig struct {
	Store   cluster.Store
	Office  Office
	Figures Figures
	Runner  Runner
	Service string
	ID      string // of this instance, for the record
	Rules   []Rule
	Every   time.Duration // between two looks at the numbers; default 1 s, at most 5 s
	// Ran, if set, is told of each run when it has ended, by a goroutine of its
	// own.
	Ran func(Rule, Run)
	Log *slog.Logger // default none
}

// Rules runs commands while its instance leads.
type Rules struct {
	cfg   RulesConfig
	begun time.Time // of the clock

	// of Run's goroutine:
	duties []*duty
}

// NewRules returns rules that do nothing before [Rules.Run].
func NewRules(cfg RulesConfig) (*Rules, error) {
	if cfg.Store == nil || cfg.Office == nil || cfg.Figures == nil || cfg.Runner == nil || cfg.Service == "" || cfg.ID == "" {
		return nil, errors.New("following rules: a store, an office, figures, a runner, a service and an id are needed (set cluster.service)")
	}
	if cfg.Every <= 0 {
		cfg.Every = time.Second
	}
	cfg.Every = min(cfg.Every, gap/2)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &Rules{cfg: cfg, begun: time.Now()}
	for _, rule := range cfg.Rules {
		rule, err := rule.check()
		if err != nil {
			return nil, fmt.Errorf("following rules: %w", err)
		}
		r.duties = append(r.duties, &duty{rule: rule, key: RuleKey(cfg.Service, rule.Name), done: make(chan struct{}, 1)})
	}
	return r, nil
}

// Run follows the rules whenever the instance leads, until ctx ends. Then it
// waits for the commands that run, which ctx ends.
func (r *Rules) Run(ctx context.Context) {
	if len(r.duties) == 0 {
		return
	}
	var commands sync.WaitGroup
	defer commands.Wait()
	tick := time.NewTicker(r.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if term, leading := r.cfg.Office.Leading(); leading {
			r.lead(ctx, term, tick.C, &commands)
		}
	}
}

// lead follows the rules in one term. A command that runs at its end goes on:
// nobody else runs it.
func (r *Rules) lead(ctx context.Context, term cluster.Version, tick <-chan time.Time, commands *sync.WaitGroup) {
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	views := cluster.NewNewest()
	watch.Go(func() { cluster.Follow(watching, r.cfg.Store, rulePrefix(r.cfg.Service), views.Put, r.broken) })
	for _, d := range r.duties {
		d.begin()
	}
	for {
		select {
		case v := <-views:
			for _, d := range r.duties {
				r.see(d, v.Get(d.key))
			}
		case <-tick:
		case <-ctx.Done():
			return
		}
		if now, leading := r.cfg.Office.Leading(); !leading || now != term {
			return
		}
		for _, d := range r.duties {
			r.look(ctx, d, term, commands)
		}
	}
}

func (r *Rules) broken(err error) { r.cfg.Log.Debug("the watch of the rules broke", "error", err) }

func (r *Rules) clock() time.Duration { return time.Since(r.begun) }
