package rollout

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// State is where a rollout is.
type State string

// The states of a rollout. The first three are open: something may still move.
const (
	Rolling     State = "rolling"
	Paused      State = "paused"
	RollingBack State = "rolling_back"
	Complete    State = "complete"
	RolledBack  State = "rolled_back"
	Aborted     State = "aborted"
)

// Cause is why a rollout is paused.
type Cause string

// The causes of a pause, and what ends it.
const (
	ByOperator   Cause = "operator"   // an operator resumes
	ByVisibility Cause = "visibility" // the instances are seen again, or an operator resumes
	ByWorld      Cause = "world"      // most of those that have nothing to do with it are well again, or an operator resumes
	ByFailure    Cause = "failure"    // there is nothing to go back to: the next release, or an operator
)

// badKept is how many refused releases are remembered.
const badKept = 16

// Record is a rollout: the one entry by which a fleet is steered. Each write of
// it raises the epoch and is conditional on the version that was read, so there
// is one history of it and nobody writes over what he has not seen.
type Record struct {
	ID     uint64   `json:"id"`             // number of the rollout; grows
	Epoch  uint64   `json:"epoch"`          // number of the write; grows
	From   string   `json:"from,omitempty"` // the release to return to; empty for the first of a fleet
	To     string   `json:"to"`
	State  State    `json:"state"`
	Cause  Cause    `json:"cause,omitempty"`  // of a pause
	Expect int      `json:"expect,omitempty"` // how many instances there were before a pause for visibility
	Ends   State    `json:"ends,omitempty"`   // what rolling_back becomes: rolled_back or aborted
	Stage  int      `json:"stage"`
	Stages []Stage  `json:"stages"`
	Cut    uint32   `json:"cut"`  // an instance is in the cohort if its hash is at most this
	Salt   string   `json:"salt"` // of the hash: another one for each rollout, so that the canary takes turns
	Budget int      `json:"budget"`
	Failed int      `json:"failed"`
	Bad    []string `json:"bad,omitempty"` // releases that are not proposed again by themselves, newest last
	// Slots is how many may change at once, per failure domain.
	Slots map[string]int `json:"slots,omitempty"`
	// Revisions of the sources from which To was read: what is older is not news.
	Revisions map[string]uint64 `json:"revisions,omitempty"`

	DecidedBy string    `json:"decided_by"`
	Reason    string    `json:"reason"`
	Since     time.Time `json:"since,omitzero"` // for display alone
	// Note is what was done since that decided nothing about the way of the
	// rollout: a hold, its end, a release that may be tried again.
	Note *Note `json:"note,omitempty"`

	extra extra // of a later minor version
}

// Note is a remark beside the reason of a decision.
type Note struct {
	By  string    `json:"by"`
	Why string    `json:"why"`
	At  time.Time `json:"at,omitzero"`
}

// Stage is how far a rollout goes before it waits and looks.
type Stage struct {
	Amount
	// Bake is how many seconds all of the stage have to stay well.
	Bake int `json:"bake_seconds"`
}

// check refuses a record that somebody wrote by hand and got wrong.
func (r Record) check() error {
	switch {
	case !slices.Contains([]State{Rolling, Paused, RollingBack, Complete, RolledBack, Aborted}, r.State):
		return fmt.Errorf("state %q is not known: delete the key to begin anew, or put the right state", r.State)
	case r.Stage < 0 || r.Stage >= len(r.Stages):
		return fmt.Errorf("stage %d is not one of its %d stages: delete the key to begin anew, or put the right stage", r.Stage, len(r.Stages))
	case r.To == "":
		return errors.New("it names no release: delete the key to begin anew")
	}
	return nil
}

// Open says whether instances may still be told to move.
func (r Record) Open() bool {
	return r.State == Rolling || r.State == Paused || r.State == RollingBack
}

// forward says whether the rollout is on its way to To, if only halted.
func (r Record) forward() bool { return r.State == Rolling || r.State == Paused }

// Base is the release that everybody may run, whatever becomes of the rollout.
// The first release of a fleet has nothing to fall back to.
func (r Record) Base() string {
	if r.State == Complete || r.From == "" {
		return r.To
	}
	return r.From
}

// Last says whether the present stage is the last one.
func (r Record) Last() bool { return r.Stage >= len(r.Stages)-1 }

func (r Record) baking() time.Duration {
	return time.Duration(r.Stages[r.Stage].Bake) * time.Second
}

func (r Record) refuse(release string) Record {
	if !slices.Contains(r.Bad, release) {
		r.Bad = append(slices.Clone(r.Bad), release)
	}
	r.Bad = r.Bad[max(0, len(r.Bad)-badKept):]
	return r
}

// back turns the rollout round. There is no way back from the first release:
// then it waits for a better one.
func (r Record) back(ends State) Record {
	if r.From == "" {
		return r.pause(ByFailure, 0)
	}
	r.State, r.Ends, r.Cause, r.Expect = RollingBack, ends, "", 0
	return r
}

func (r Record) pause(why Cause, expect int) Record {
	r.State, r.Cause, r.Expect = Paused, why, expect
	return r
}

func (r Record) resume() Record {
	r.State, r.Cause, r.Expect = Rolling, "", 0
	return r
}

// older says whether revisions were read before those of the record's release.
func (r Record) older(revisions map[string]uint64) bool {
	for source, rev := range r.Revisions {
		if now, ok := revisions[source]; ok && now < rev {
			return true
		}
	}
	return false
}

// succeed is the next rollout: what is kept of this one is its history.
func (r Record) succeed(to string, p Policy) Record {
	next := Record{
		ID: r.ID + 1, Epoch: r.Epoch, From: r.Base(), To: to, State: Rolling,
		Stages: p.stages(), Budget: p.Budget, Bad: r.Bad, Slots: maps.Clone(r.Slots), extra: r.extra,
	}
	if r.ID == 0 || r.From == "" && r.State != Complete {
		next.From = ""
		next.Stages = next.Stages[len(next.Stages)-1:] // there is nobody to be spared
	}
	if r.State == Paused && r.Cause != ByFailure {
		next = next.pause(r.Cause, r.Expect) // a new edit does not take an operator's hand away
	}
	next.Salt = salt(next.ID, to)
	return next
}
