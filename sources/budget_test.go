package sources_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"concierge/sources"
)

func TestStartIsFreeAndARunawayIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := sources.NewBudget(0, slog.New(slog.DiscardHandler))
		begin := time.Now()
		spend := func(n int) time.Duration {
			for range n {
				if err := b.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(begin)
		}
		if took := spend(10_000); took != 0 {
			t.Errorf("a start with 10,000 requests took %v", took)
		}
		if took := spend(2500); took < 9900*time.Millisecond || took > 10*time.Second+time.Millisecond {
			t.Errorf("2,500 more took %v, want ten seconds", took)
		}
	})
}

func TestBudgetIsSharedByAllWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := sources.NewBudget(10, slog.New(slog.DiscardHandler))
		begin := time.Now()
		var asking sync.WaitGroup
		for range 50 {
			asking.Go(func() {
				for range 10 {
					if err := b.Wait(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		asking.Wait()
		if took := time.Since(begin); took < 9900*time.Millisecond || took > 11*time.Second {
			t.Errorf("500 requests with 400 free ones took %v, want ten seconds", took)
		}
	})
}

func TestWaitingForTheBudgetEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := sources.NewBudget(1, slog.New(slog.DiscardHandler))
		for range 60 { // 40 are free
			if err := b.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, cancel)
		begin := time.Now()
		if err := b.Wait(ctx); !errors.Is(err, context.Canceled) || time.Since(begin) > time.Second/2 {
			t.Errorf("ended after %v with %v", time.Since(begin), err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second/4)
		defer cancel()
		err := b.Wait(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "max_requests_per_second") {
			t.Errorf("error is %v, want one with the setting", err)
		}
	})
}

func TestUsedUpBudgetIsSaidOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		b := sources.NewBudget(10, slog.New(slog.NewTextHandler(&logged, nil)))
		for range 400 + 10*150 { // two minutes and a half
			if err := b.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(logged.String(), "level=WARN"); n != 3 {
			t.Errorf("said %d times in 150 s, want 3: %s", n, logged.String())
		}
	})
}
