package rollouts

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"concierge/cluster/election"
	"concierge/internal/testserver"
)

// faults does to a fleet what a seed says.
type faults struct {
	*fleet
	random *rand.Rand
	began  time.Time
	due    []act // in order
	away   bool  // servers are down
	done   map[string]int
}

// act is something that is done at a time after the beginning.
type act struct {
	at time.Duration
	do func()
}

// trouble is how long edits and faults begin; what they end with comes later.
const trouble = 10 * time.Second

// kinds are the faults, all of them equally likely.
func (f *faults) kinds() map[string]func() {
	all := map[string]func(){
		"holder killed":       func() { f.killOne(f.holder()) },
		"leader killed":       func() { f.killOne(f.leader()) },
		"holder paused":       func() { f.pauseOne(f.holder()) },
		"leader paused":       func() { f.pauseOne(f.leader()) },
		"instance cut off":    func() { f.cutOne(f.any()) },
		"holder cut off":      func() { f.cutOne(f.holder()) },
		"store restarted":     func() { f.down(f.store.servers) },
		"instance restarted":  func() { f.restartOne(f.any()) },
		"two killed together": func() { f.killOne(f.any()); f.killOne(f.any()) },
		"holder reloaded":     func() { f.holder().signal(syscall.SIGHUP, reloaded) },
	}
	if len(f.store.servers) > 1 {
		all["member killed"] = func() {
			n := f.random.IntN(len(f.store.servers))
			f.down(f.store.servers[n : n+1])
		}
	}
	return all
}

// draw plans edits and faults.
func (f *faults) draw() {
	for n := range 3 + f.random.IntN(2) {
		kind := "good"
		if n > 0 && f.random.IntN(3) == 0 {
			kind = "bad"
		}
		f.at(f.moment(), func() { f.edit(kind) })
	}
	kinds := f.kinds()
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	for range 2 + f.random.IntN(3) {
		name := names[f.random.IntN(len(names))]
		f.at(f.moment(), func() {
			f.done[name]++
			f.stories.of("(fault)").add("", name)
			kinds[name]()
		})
	}
}

func (f *faults) moment() time.Duration { return time.Duration(f.random.Int64N(int64(trouble))) }

// edit waits until the store is there.
func (f *faults) edit(kind string) {
	if f.away {
		f.later(100*time.Millisecond, time.Second, func() { f.edit(kind) })
		return
	}
	f.put(kind)
}

// at adds an act.
func (f *faults) at(at time.Duration, do func()) {
	f.due = append(f.due, act{at, do})
	slices.SortStableFunc(f.due, func(a, b act) int { return int(a.at - b.at) })
}

// later adds an act some time from now.
func (f *faults) later(least, most time.Duration, do func()) {
	f.at(time.Since(f.began)+least+time.Duration(f.random.Int64N(int64(most-least))), do)
}

// run does everything in its time.
func (f *faults) run() {
	f.began = time.Now()
	for len(f.due) > 0 {
		next := f.due[0]
		f.due = f.due[1:]
		time.Sleep(time.Until(f.began.Add(next.at)))
		next.do()
	}
}

func (f *faults) any() *instance { return f.instances[f.random.IntN(len(f.instances))] }

// holder is one that has a slot, if there is one.
func (f *faults) holder() *instance {
	slots := f.witness.now().Slots
	if len(slots) == 0 {
		return f.any()
	}
	return f.named(slots[f.random.IntN(len(slots))].Holder)
}

// leader is who leads, if the store says so.
func (f *faults) leader() *instance {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	v, err := f.witness.store.Read(ctx, election.Key(service))
	if err != nil {
		return f.any()
	}
	l, err := election.Parse(v.Get(election.Key(service)))
	if err != nil || l.ID == "" {
		return f.any()
	}
	return f.named(l.ID)
}

// killOne kills an instance, and starts it again at once or later.
func (f *faults) killOne(i *instance) {
	if i.dead {
		return
	}
	i.kill()
	if f.random.IntN(2) == 0 {
		i.start()
		return
	}
	f.later(time.Second, 8*time.Second, i.start)
}

// restartOne stops an instance as its owner would.
func (f *faults) restartOne(i *instance) {
	if i.dead || i.still {
		return
	}
	i.stop()
	i.start()
}

// pauseOne stops an instance for longer than its lease, or only nearly so.
func (f *faults) pauseOne(i *instance) {
	if i.dead || i.still {
		return
	}
	i.still = true
	i.signal(syscall.SIGSTOP, paused)
	f.later(f.plan.ttl/2, f.plan.ttl*14/10, func() {
		i.still = false
		i.signal(syscall.SIGCONT, resumed)
	})
}

func (f *faults) cutOne(i *instance) {
	i.partition(true, separated)
	f.later(time.Second, f.plan.ttl*14/10, func() { i.partition(false, rejoined) })
}

// down kills servers and starts them again.
func (f *faults) down(servers []*testserver.Server) {
	if f.away {
		return
	}
	f.away = true
	f.store.kill(servers)
	f.later(100*time.Millisecond, 4*time.Second, func() {
		f.store.revive(servers)
		f.away = false
	})
}

// limit is the longest until a fleet, of which nothing is taken any more, is on
// a new release: the last slot is reclaimed, changes that never end come to
// their deadline, another leader is elected, and it bakes twice
// (docs/rollouts.md).
func (f *faults) limit() time.Duration {
	p := f.plan
	return time.Duration(f.store.expiry)*p.ttl + p.grace() + p.deadline + 2*p.bake + 20*time.Second
}

// String says what was done.
func (f *faults) String() string { return fmt.Sprint(f.done) }
