package lease_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"concierge/cluster/lease"
)

const ttl = 15 * time.Second

var errAway = errors.New("the store is away")

// keep runs a keeper in a bubble and returns how often it asked.
func keep(t *testing.T, renew lease.Renew) (k *lease.Keeper, asked func() int, stop func()) {
	t.Helper()
	var n atomic.Int32
	k = lease.New(ttl, time.Now(), func(ctx context.Context) (bool, error) { n.Add(1); return renew(ctx) })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); k.Run(ctx) }()
	return k, func() int { synctest.Wait(); return int(n.Load()) }, func() { cancel(); <-done }
}

func lost(k *lease.Keeper) bool {
	select {
	case <-k.Lost():
		return true
	default:
		return false
	}
}

func TestSessionIsRenewedThreeTimesInItsTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, asked, stop := keep(t, func(context.Context) (bool, error) { return true, nil })
		time.Sleep(100 * ttl)
		if n := asked(); n < 300 || n > 340 {
			t.Errorf("asked %d times in a hundred ttl", n)
		}
		if k.Fresh() > ttl/3 || lost(k) {
			t.Errorf("fresh is %s, lost %t", k.Fresh(), lost(k))
		}
		stop()
		if !lost(k) {
			t.Error("what nobody keeps is not lost")
		}
	})
}

func TestSilentStoreMakesFreshGrowAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		silent.Store(true)
		k, asked, stop := keep(t, func(ctx context.Context) (bool, error) {
			if silent.Load() {
				<-ctx.Done()
				return false, ctx.Err()
			}
			return true, nil
		})
		defer stop()
		time.Sleep(10 * ttl)
		if k.Fresh() != 10*ttl || lost(k) || asked() < 10 {
			t.Errorf("fresh is %s, lost %t, asked %d times", k.Fresh(), lost(k), asked())
		}
		silent.Store(false)
		time.Sleep(ttl)
		synctest.Wait()
		if k.Fresh() > ttl/3 {
			t.Errorf("fresh is %s although the store is back", k.Fresh())
		}
	})
}

func TestFreshCountsFromTheRequestNotTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _, stop := keep(t, func(context.Context) (bool, error) { time.Sleep(4 * time.Second); return true, nil })
		defer stop()
		for range 1000 {
			time.Sleep(50 * time.Millisecond)
			if f := k.Fresh(); f > 4*time.Second {
				return
			}
		}
		t.Error("an answer of four seconds never made it four seconds old")
	})
}

func TestFailuresAreTriedAgainSoonButNotInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, asked, stop := keep(t, func(context.Context) (bool, error) { return false, errAway })
		defer stop()
		time.Sleep(100 * ttl)
		if n := asked(); n < 400 || n > 1200 {
			t.Errorf("asked %d times in a hundred ttl", n)
		}
	})
}

func TestSessionThatTheStoreHasNoMoreIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, asked, stop := keep(t, func(context.Context) (bool, error) { return false, nil })
		defer stop()
		time.Sleep(10 * ttl)
		if !lost(k) || asked() != 1 {
			t.Errorf("lost %t, asked %d times", lost(k), asked())
		}
	})
}
