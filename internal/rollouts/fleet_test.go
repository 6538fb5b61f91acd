package rollouts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"concierge/cluster/rollout"
)

// fleet is instances on a store, and who looks at them.
type fleet struct {
	t         *testing.T
	plan      plan
	binary    string
	store     *store
	stories   *stories
	witness   *witness
	clinic    *clinic
	instances []*instance
	complete  time.Time // when all were there for the first time
	n         int       // number of the value that was written last
}

// newFleet starts a fleet and returns when all run the first release, which is
// good.
func newFleet(t *testing.T, kind, binary string, p plan) *fleet {
	t.Helper()
	f := &fleet{t: t, plan: p, binary: binary, store: storeOf(t, kind), stories: newStories()}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what happened:\n%s", f.stories)
		}
	})
	f.clinic = newClinic(t, func(name string) string { return f.named(name).value() })
	f.witness = newWitness(t, f.stories, f.store.dial(namespace))
	for n := range p.instances {
		i := newInstance(t, f, n)
		f.instances = append(f.instances, i)
		f.witness.look(i)
	}
	value := f.put("good")
	for _, i := range f.instances {
		i.start()
	}
	f.await(value, longest)
	f.complete = time.Now()
	return f
}

func (f *fleet) named(name string) *instance {
	for _, i := range f.instances {
		if i.name == name {
			return i
		}
	}
	f.t.Errorf("there is no instance %q", name)
	return f.instances[0]
}

// put edits the key to a new value of that kind.
func (f *fleet) put(kind string) (value string) {
	f.n++
	value = fmt.Sprintf("%s-%d", kind, f.n)
	f.stories.of("(operator)").add("edits", value)
	f.store.put(value)
	return value
}

// have counts the instances whose file has a value.
func (f *fleet) have(value string) (n int) {
	for _, i := range f.instances {
		if i.value() == value {
			n++
		}
	}
	return n
}

// settled reports whether all have the value, and the store says that it is
// good and nothing moves.
func (f *fleet) settled(value string) bool {
	v := f.witness.now()
	return f.have(value) == len(f.instances) && !v.Record.Open() && len(v.Slots) == 0 &&
		f.witness.valueOf(v.Good.Release) == value
}

// await waits until the fleet has settled on a value, and returns how long it
// took.
func (f *fleet) await(value string, most time.Duration) time.Duration {
	f.t.Helper()
	began := time.Now()
	if !until(most, func() bool { return f.settled(value) }) {
		f.t.Fatalf("not within %s: all have %q and it is good; %s", most, value, f.state())
	}
	return time.Since(began)
}

// state is how the fleet is, for people.
func (f *fleet) state() string {
	v := f.witness.now()
	counts := make(map[string]int)
	for _, i := range f.instances {
		counts[i.value()]++
	}
	return fmt.Sprintf("files %v, rollout %d is %s at stage %d: %s, good is %q, %d slots",
		counts, v.Record.ID, v.Record.State, v.Record.Stage+1, v.Record.Reason, f.witness.valueOf(v.Good.Release), len(v.Slots))
}

// check fails the test for what is not allowed.
func (f *fleet) check(since time.Time) verdict {
	f.t.Helper()
	v := f.judge(since)
	if len(v.strange) > 0 {
		f.t.Errorf("not allowed:\n%s", strings.Join(v.strange, "\n"))
	}
	return v
}

// ended reports whether the rollout came to one of the states.
func ended(v rollout.View, states ...rollout.State) bool {
	for _, s := range states {
		if v.Record.State == s {
			return true
		}
	}
	return false
}
