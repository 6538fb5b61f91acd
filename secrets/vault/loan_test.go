package vault

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// lender answers renewals of a loan in a bubble of fake time.
type lender struct {
	begin   time.Time
	answers []func() (time.Duration, error) // the last one is repeated
	asked   []time.Duration                 // increments
	at      []time.Duration                 // when, from the begin
	told    []error
}

func (l *lender) renew(_ context.Context, increment time.Duration) (time.Duration, error) {
	l.asked, l.at = append(l.asked, increment), append(l.at, time.Since(l.begin))
	return l.answers[min(len(l.asked), len(l.answers))-1]()
}

func (l *lender) lend(life time.Duration) *loan {
	l.begin = time.Now()
	return &loan{life: life, part: 0.9, renew: l.renew, tell: func(_ time.Time, err error) { l.told = append(l.told, err) }}
}

func gives(d time.Duration) func() (time.Duration, error) {
	return func() (time.Duration, error) { return d, nil }
}

func fails(err error) func() (time.Duration, error) {
	return func() (time.Duration, error) { return 0, err }
}

var errAway = errors.New("away")

// assertWithin wants a time between two parts of a life.
func assertWithin(t *testing.T, what string, got, life time.Duration, from, to float64) {
	t.Helper()
	if part := float64(got) / float64(life); part < from || part > to {
		t.Errorf("%s after %v, that is %.3f of %v; want %.2f to %.2f", what, got, part, life, from, to)
	}
}

func TestLeaseIsRenewedUntilItCannotBeMadeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lender{answers: []func() (time.Duration, error){gives(time.Hour), gives(time.Hour), gives(time.Hour - time.Second), gives(20 * time.Minute)}}
		if err := l.lend(time.Hour).keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(l.asked) != 4 || slices.Max(l.asked) != time.Hour || slices.Min(l.asked) != time.Hour {
			t.Errorf("asked for %v, want an hour four times", l.asked)
		}
		assertWithin(t, "first renewal", l.at[0], time.Hour, 0.45, 0.63)
		assertWithin(t, "replacement", time.Since(l.begin)-l.at[3], 20*time.Minute, 0.85, 0.95)
		if len(l.told) > 0 {
			t.Errorf("failures told: %v", l.told)
		}
	})
}

func TestFailingRenewalIsTriedAgainWhileTheLeaseLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lender{answers: []func() (time.Duration, error){fails(errAway), fails(errAway), fails(errAway), gives(time.Hour), gives(time.Minute)}}
		if err := l.lend(time.Hour).keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(l.asked) != 5 || l.at[3] > 40*time.Minute {
			t.Errorf("asked at %v, want quick attempts until the fourth one succeeds", l.at)
		}
		if want := []error{errAway, errAway, errAway, nil}; !slices.Equal(l.told, want) {
			t.Errorf("told %v, want %v", l.told, want)
		}
	})
}

func TestLeaseThatIsNotRenewedIsReplacedBeforeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lender{answers: []func() (time.Duration, error){fails(errAway)}}
		if err := l.lend(time.Hour).keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		assertWithin(t, "replacement", time.Since(l.begin), time.Hour, 0.85, 0.95)
		if len(l.asked) < 10 {
			t.Errorf("asked %d times only", len(l.asked))
		}
	})
}

func TestHangingRenewalDoesNotOutliveTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lender{}
		lent := l.lend(10 * time.Second)
		lent.renew = func(ctx context.Context, _ time.Duration) (time.Duration, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		if err := lent.keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		assertWithin(t, "replacement", time.Since(l.begin), 10*time.Second, 0.85, 0.95)
	})
}

func TestLeaseThatVaultDoesNotKnowIsReplacedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := &refusal{errors.New("lease not found")}
		l := lender{answers: []func() (time.Duration, error){fails(gone)}}
		if err := l.lend(time.Hour).keep(t.Context()); !errors.Is(err, gone) {
			t.Errorf("error is %v", err)
		}
		assertWithin(t, "replacement", time.Since(l.begin), time.Hour, 0.45, 0.63)
	})
}

func TestLeaseThatMayNotBeRenewedServesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lender{answers: []func() (time.Duration, error){gives(0)}}
		if err := l.lend(time.Hour).keep(t.Context()); err != nil || len(l.asked) != 1 {
			t.Errorf("asked %d times, error is %v", len(l.asked), err)
		}
		assertWithin(t, "replacement", time.Since(l.begin), time.Hour, 0.85, 0.95)
	})
}

func TestLoanEndsWithItsTokenAndItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		replaced := make(chan struct{})
		close(replaced)
		for _, life := range []time.Duration{0, time.Hour} {
			l := loan{life: life, part: 0.9, ended: replaced}
			if err := l.keep(t.Context()); !errors.Is(err, errReplaced) {
				t.Errorf("life %v: error is %v", life, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			l = loan{life: life, part: 0.9}
			if err := l.keep(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("life %v: error is %v", life, err)
			}
			cancel()
		}
	})
}

func TestReplacementIsEarlyAndSpread(t *testing.T) {
	for _, part := range []float64{0.9, 0.5, 0.99, 0.01} {
		lowest, highest := 24*time.Hour, time.Duration(0)
		for range 1000 {
			l := loan{life: 100 * time.Minute, part: part}
			d := l.replaceAfter()
			lowest, highest = min(lowest, d), max(highest, d)
		}
		assertWithin(t, "lowest", lowest, 100*time.Minute, max(part-0.05, 0), part)
		assertWithin(t, "highest", highest, 100*time.Minute, part, min(part+0.05, 1))
		if highest-lowest < 4*time.Minute {
			t.Errorf("threshold %v: drawn between %v and %v only", part, lowest, highest)
		}
	}
	tiny := loan{life: time.Nanosecond, part: 0.9}
	if d := tiny.replaceAfter(); d < shortest {
		t.Errorf("a lease at its end is replaced after %v", d)
	}
	rotated := loan{life: time.Minute, part: 0.9, exact: true}
	if d := rotated.replaceAfter(); d != time.Minute {
		t.Errorf("a rotated secret is read again after %v, want what Vault said", d)
	}
}

// TestLeaseIsNeverScattered matters where asking again makes a new credential.
func TestLeaseIsNeverScattered(t *testing.T) {
	for range 100 {
		lease, free := loan{life: time.Hour, part: 0.9}, loan{life: time.Hour, part: 0.9, free: true}
		lease.scatter()
		free.scatter()
		assertWithin(t, "a lease is replaced", lease.replaceAfter(), time.Hour, 0.85, 0.95)
		assertWithin(t, "a plain secret is read again", free.replaceAfter(), time.Hour, 0.05, 0.95)
	}
}
