package census

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Rule is a command that is run once per fleet when a number of the service has
// been so for a while.
type Rule struct {
	Name    string
	When    Condition
	Command []string
	Timeout time.Duration // longest run of the command; default 30 s
	// CoolDown is the least time between two runs, of any leader; default 5 min,
	// and never less than Timeout.
	CoolDown time.Duration
	Step     int  // how many instances it adds; default 1
	Down     bool // takes them away instead
	Min, Max int  // bounds of the result; a Max of 0 is none
}

const (
	defaultTimeout  = 30 * time.Second
	defaultCoolDown = 5 * time.Minute
)

// check fills in what has a default.
func (r Rule) check() (Rule, error) {
	if r.Name == "" || len(r.Command) == 0 {
		return r, errors.New("a rule needs a name and a command (see cluster.rules)")
	}
	if !r.When.readable() {
		return r, fmt.Errorf("the condition of rule %s is none (write for example avg(load) > 5 for 60s in cluster.rules.%s.when)", r.Name, r.Name)
	}
	if r.Timeout <= 0 {
		r.Timeout = defaultTimeout
	}
	if r.CoolDown <= 0 {
		r.CoolDown = defaultCoolDown
	}
	r.CoolDown = max(r.CoolDown, r.Timeout) // else two leaders could run it at the same time
	r.Step = max(r.Step, 1)
	return r, nil
}

// Desired returns how many instances there should be instead of those that
// there are; ok is false at the bound, where nothing is done. A rule that adds
// never takes away, whatever the bounds are.
func (r Rule) Desired(current int) (desired int, ok bool) {
	step := max(r.Step, 1)
	if r.Down {
		desired = max(current-step, r.Min, 0)
		return desired, desired < current
	}
	desired = max(current+step, r.Min)
	if r.Max > 0 {
		desired = min(desired, r.Max)
	}
	return desired, desired > current
}

// Run is the last run of a rule, as it is in the store. It is written before the
// command runs, so that no two leaders run it; whoever dies between has spent
// the run.
type Run struct {
	Number  uint64    `json:"number"` // of the run, from 1
	By      string    `json:"by"`     // instance
	When    time.Time `json:"when"`   // for display
	Value   float64   `json:"value"`  // of the condition's number
	Current int       `json:"current"`
	Desired int       `json:"desired"`
	Ended   bool      `json:"ended,omitempty"`
	Failed  string    `json:"failed,omitempty"` // why; empty if it has not
	Seconds float64   `json:"seconds,omitempty"`
}

// environment is what the command is told.
func (r Run) environment(service, rule string, counts Counts) []string {
	return []string{
		"SERVICE=" + service,
		"RULE=" + rule,
		"CURRENT=" + strconv.Itoa(r.Current),
		"DESIRED=" + strconv.Itoa(r.Desired),
		"WANTED=" + strconv.Itoa(counts.Wanted),
		"RESPONDING=" + strconv.Itoa(counts.Responding),
		"NUMBER=" + strconv.FormatFloat(r.Value, 'g', -1, 64),
	}
}
