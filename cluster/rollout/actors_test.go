package rollout

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"concierge/cluster"
	"concierge/cluster/memstore"
)

// bench is a fleet of seats with one leader, on a store in memory and on the
// clock of a synctest bubble.
type bench struct {
	*testing.T
	store  *memstore.Store
	leader *Leader
	seats  []*fellow
	done   sync.WaitGroup
	end    context.CancelFunc
	mu     sync.Mutex // guards live and most
	live   Release
	at     uint64
	in     int
	most   int
}

// fellow is an instance; it is its own pulse.
type fellow struct {
	*bench
	seat    *Seat
	id      string
	session *memstore.Session
	end     context.CancelFunc
	bad     func(Release) bool

	mu      sync.Mutex
	running string
}

func value(s string) Release { return Release{Values: map[string][]byte{"kv(x)": []byte(s)}} }

func newBench(t *testing.T, n int, bad func(Release) bool) *bench {
	b := &bench{T: t, store: memstore.New(), live: value("A"), at: 1}
	ctx, cancel := context.WithCancel(t.Context())
	b.end = cancel
	log := slog.New(slog.DiscardHandler)
	b.put(leadKey, "x")
	b.leader = NewLeader(LeaderConfig{Store: b.store, Set: modelSet, Who: "i0", Office: b, Crew: b, Edits: b, Log: log})
	for i := range n {
		f := &fellow{bench: b, id: fmt.Sprint("i", i), bad: bad}
		s, _ := b.store.Open(ctx, 15*time.Second)
		f.session = s.(*memstore.Session)
		f.say()
		f.seat = NewSeat(SeatConfig{Store: b.store, Set: modelSet, Self: Instance{ID: f.id, Incarnation: "1"}, Pulse: f, TTL: 15 * time.Second, Log: log})
		b.seats = append(b.seats, f)
		life, end := context.WithCancel(ctx)
		f.end = end
		b.done.Go(func() { f.seat.Run(life) })
		b.done.Go(func() { f.live(life) })
	}
	b.done.Go(func() { b.leader.Run(ctx) })
	return b
}

func (b *bench) stop() { b.end(); b.done.Wait() }

func (b *bench) put(key, value string) {
	if _, err := b.store.Commit(context.Background(), cluster.Txn{Then: []cluster.Write{{Key: key, Value: []byte(value)}}}); err != nil {
		b.Error(err)
	}
}

func (b *bench) Term() (cluster.Condition, bool) {
	s := b.store.State()
	return cluster.Condition{Key: leadKey, Version: s.Version(leadKey)}, true
}

func (b *bench) Members() ([]Member, bool) {
	s := b.store.State()
	return newReader().there(&s), true
}

func (b *bench) Read(context.Context) ([]Member, error) { m, _ := b.Members(); return m, nil }

func (b *bench) Live() (Live, Release) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Live{b.live.ID(), map[string]uint64{"s": b.at}}, b.live
}

func (b *bench) edit(s string) {
	b.mu.Lock()
	b.live, b.at = value(s), b.at+1
	b.mu.Unlock()
	b.leader.Nudge()
}

func (b *bench) change(by int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.in += by
	b.most = max(b.most, b.in)
}

func (f *fellow) Fresh() time.Duration { return f.session.Fresh() }

func (f *fellow) Seen() cluster.Condition {
	s := f.store.State()
	return cluster.Condition{Key: "inst/" + f.id, Version: s.Version("inst/" + f.id)}
}

func (f *fellow) runs() string { f.mu.Lock(); defer f.mu.Unlock(); return f.running }

// kill ends it as kill -9 does: its session ends later, and nobody gives
// anything back.
func (f *fellow) kill() {
	f.end()
	time.Sleep(15 * time.Second)
	f.store.Expire(f.session)
}

// say writes the status.
func (f *fellow) say() {
	w := cluster.Write{Key: "inst/" + f.id, Value: fmt.Appendf(nil, "1 %s false", f.runs()), Session: f.session}
	if _, err := f.store.Commit(context.Background(), cluster.Txn{Then: []cluster.Write{w}}); err != nil {
		f.Error(err)
	}
}

func (f *fellow) now(running string) {
	f.mu.Lock()
	f.running = running
	f.mu.Unlock()
	f.say()
}

// live follows the target.
func (f *fellow) live(ctx context.Context) {
	for ctx.Err() == nil {
		target, _, changed := f.seat.Target(f.runs())
		switch {
		case target == f.runs():
		case f.runs() == "":
			f.now(target)
			continue
		default:
			f.move(ctx, target)
		}
		pause(ctx, time.Second, changed)
	}
}

func (f *fellow) move(ctx context.Context, target string) {
	pass, err := f.seat.Enter(ctx, f.runs(), target)
	if err != nil {
		return
	}
	f.change(+1)
	verdict := Verdict{Result: Applied, Running: target}
	pause(pass.Context(), 3*time.Second) // it comes up
	r, err := Load(ctx, f.store, modelSet, target)
	if err != nil && ctx.Err() == nil {
		f.Error(err)
	}
	if f.bad != nil && f.bad(r) {
		verdict = Verdict{Result: Reverted, Running: f.runs(), Evidence: "exit status 1"}
	}
	f.change(-1)
	if ctx.Err() != nil {
		pass.cancel(nil) // killed
		return
	}
	if err := pass.Leave(ctx, verdict); err == nil {
		f.now(verdict.Running)
	}
}

// until waits for a state, on the clock of the bubble, and says how long it took.
func (b *bench) until(limit time.Duration, ok func(View) bool) View {
	b.Helper()
	for begun := time.Now(); time.Since(begun) < limit; time.Sleep(100 * time.Millisecond) {
		v, err := look(b.Context(), b.store, modelSet, AckPrefix(modelSet))
		if err == nil && ok(v) {
			return v
		}
	}
	v, err := look(b.Context(), b.store, modelSet, AckPrefix(modelSet))
	b.Fatalf("after %v it is %+v, %v", limit, v.Record, err)
	return View{}
}

func (b *bench) allRun(release string) bool {
	return !slices.ContainsFunc(b.seats, func(f *fellow) bool { return f.runs() != release })
}

func (b *bench) ready() {
	b.Helper()
	b.until(time.Minute, func(v View) bool { return v.Record.State == Complete && b.allRun(value("A").ID()) })
}

func TestGoodEditReachesEverybodyOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 5, nil)
		defer b.stop()
		b.ready()
		b.edit("B")
		v := b.until(5*time.Minute, func(v View) bool { return v.Record.ID == 2 && v.Record.State == Complete })
		if to := value("B").ID(); !b.allRun(to) || v.Good.Release != to || b.most != 1 {
			t.Errorf("good is %s, and %d changed at once", v.Good.Release, b.most)
		}
		trail, _ := b.store.Read(t.Context(), EventPrefix(modelSet))
		if events := History(trail); len(events) != int(v.Record.Epoch) || events[0].State != Rolling {
			t.Errorf("the trail has %d entries of %d: %v", len(events), v.Record.Epoch, events)
		}
	})
}

func TestBadEditStopsAtTheCanary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 5, func(r Release) bool { return string(r.Values["kv(x)"]) == "B" })
		defer b.stop()
		b.ready()
		b.edit("B")
		v := b.until(35*time.Second, func(v View) bool { return v.Record.State == RolledBack })
		if !b.allRun(value("A").ID()) || len(v.Acks) != 1 || v.Good.Release != value("A").ID() {
			t.Errorf("good is %s; acknowledgements: %v", v.Good.Release, slices.Collect(maps.Keys(v.Acks)))
		}
		time.Sleep(10 * time.Minute)
		if v := b.until(time.Second, func(View) bool { return true }); v.Record.ID != 2 {
			t.Errorf("the refused release was proposed again: %+v", v.Record)
		}
	})
}

func TestPausedRolloutBeginsNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 4, nil)
		defer b.stop()
		b.ready()
		b.edit("B")
		v := b.until(time.Minute, func(v View) bool { return v.Record.Stage == 1 })
		move, err := Pause(v, By{"ann", "lunch"})
		if err != nil {
			t.Fatal(err)
		}
		if done, err := b.store.Commit(t.Context(), move); !done || err != nil {
			t.Fatal(done, err)
		}
		time.Sleep(5 * time.Second)
		running := func() (n int) {
			for _, f := range b.seats {
				if f.runs() == value("B").ID() {
					n++
				}
			}
			return n
		}
		before := running()
		if time.Sleep(time.Hour); running() != before || before == 4 {
			t.Errorf("%d ran it, and an hour later %d", before, running())
		}
		v = b.until(time.Second, func(v View) bool { return v.Record.State == Paused })
		resume, err := Resume(v, By{"ann", "back"})
		if err != nil {
			t.Fatal(err)
		}
		if done, err := b.store.Commit(t.Context(), resume); !done || err != nil {
			t.Fatal(done, err)
		}
		b.until(5*time.Minute, func(v View) bool { return v.Record.State == Complete && b.allRun(value("B").ID()) })
	})
}

func TestSessionThatIsNotFreshBeginsNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 2, nil)
		defer b.stop()
		b.ready()
		for _, f := range b.seats {
			f.session.Silence(true)
		}
		time.Sleep(8 * time.Second)
		b.edit("B")
		time.Sleep(5 * time.Minute)
		if b.most != 0 {
			t.Errorf("%d changed without being sure of their sessions", b.most)
		}
		for _, f := range b.seats {
			f.session.Silence(false)
		}
		b.until(5*time.Minute, func(v View) bool { return v.Record.State == Complete && b.allRun(value("B").ID()) })
	})
}

func TestHolderThatVanishesIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 3, nil)
		defer b.stop()
		b.ready()
		b.edit("B")
		v := b.until(time.Minute, func(v View) bool { return len(v.Slots) == 1 })
		holder := b.seats[slices.IndexFunc(b.seats, func(f *fellow) bool { return f.id == v.Slots[0].Holder })]
		holder.kill()
		b.until(30*time.Second, func(v View) bool { return v.Record.State == RolledBack && v.Acks[holder.id].Result == Lost })
		if n := slices.IndexFunc(b.seats, func(f *fellow) bool { return f != holder && f.runs() != value("A").ID() }); n >= 0 {
			t.Errorf("%s is not on the good release", b.seats[n].id)
		}
	})
}

func TestStoreFromABackupChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 3, nil)
		defer b.stop()
		b.ready()
		backup := b.store.State()
		b.edit("B")
		b.until(5*time.Minute, func(v View) bool { return v.Record.State == Complete && v.Record.ID == 2 })
		b.store.Restore(backup)
		time.Sleep(10 * time.Minute)
		if !b.allRun(value("B").ID()) {
			t.Error("an instance went back to what the backup says")
		}
		if target, why, _ := b.seats[0].seat.Target("x"); target != "x" || !strings.Contains(why, ErrBehind.Error()) {
			t.Errorf("it does not say so: %q", why)
		}
	})
}
