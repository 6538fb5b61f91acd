package vault

import (
	"cmp"
	"context"
	"errors"
	"time"

	"concierge/sources"
)

const (
	// filePoll is how often a token file is looked at while no request reads
	// it: what was lent to the old token must be replaced. It is
	// consul-template's interval.
	filePoll = 15 * time.Second

	// checkEvery is how often a refused request may make concierge ask whether
	// its token is still good.
	checkEvery = 5 * time.Second
)

// errLongestLife says why a token is not renewed though Vault refused nothing.
var errLongestLife = errors.New("its longest life is reached, or it is not renewable")

// keep looks after the token until ctx ends. It begins with the first token
// that a request needs.
func (i *identity) keep(ctx context.Context) {
	var t *token
	select {
	case t = <-i.first:
	case <-ctx.Done():
		return
	}
	switch {
	case i.file != "":
		i.followFile(ctx)
	case i.method != nil:
		for t != nil {
			_ = i.hold(ctx, t) // whatever ended it, the next one is due
			t = i.next(ctx, t)
		}
	case i.renews && !t.text.Empty():
		if err := i.hold(ctx, t); ctx.Err() == nil {
			i.log.Error("vault token cannot be renewed any longer, values stay as they are when it ends; give secrets.vault.token a new one, or log in with secrets.vault.kubernetes",
				"error", cmp.Or(err, errLongestLife))
		}
	}
}

// followFile notices a changed file.
func (i *identity) followFile(ctx context.Context) {
	tick := time.NewTicker(filePoll)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_, _ = i.now(ctx) // the next request tells of an error
		case <-ctx.Done():
			return
		}
	}
}

// hold renews the token until it is to be replaced. The error says why, if it
// is not just its age.
func (i *identity) hold(ctx context.Context, t *token) error {
	life, err := i.lifeOf(ctx, t)
	if err != nil {
		return err
	}
	i.meter.TokenEnds(endOf(life.left))
	lent := loan{
		life: life.left, asked: life.whole, part: i.part, retry: i.retry, ended: t.replaced,
		tell: i.teller("vault token cannot be renewed now, trying again", "vault token is renewed again"),
	}
	if life.renewable && i.renews {
		lent.renew = func(ctx context.Context, increment time.Duration) (time.Duration, error) {
			life, err := i.renewSelf(ctx, t, increment)
			if err == nil && life > 0 {
				i.meter.TokenEnds(endOf(life))
			}
			return life, err
		}
	}
	return lent.keep(ctx)
}

// next logs in until that succeeds; it returns nil when ctx ends.
func (i *identity) next(ctx context.Context, old *token) *token {
	backoff := i.retry.Backoff()
	failed := i.teller("logging in to vault again failed, values stay as they are", "")
	for ctx.Err() == nil {
		t, err := i.replace(ctx, old)
		if err == nil {
			return t
		}
		failed(time.Now(), err)
		if backoff.Wait(ctx) != nil {
			return nil
		}
	}
	return nil
}

// teller logs the first of several failures, and the end of them.
func (i *identity) teller(failing, working string) func(time.Time, error) {
	on := false
	return func(_ time.Time, err error) {
		switch {
		case err != nil && !on:
			i.log.Warn(failing, "error", err)
		case err == nil && on:
			i.log.Info(working)
		}
		on = err != nil
	}
}

// tokenLife is how long a token lives; 0 is for ever.
type tokenLife struct {
	left, whole time.Duration
	renewable   bool
}

func (i *identity) lifeOf(ctx context.Context, t *token) (tokenLife, error) {
	if t.auth != nil {
		ttl := seconds(t.auth.LeaseDuration)
		return tokenLife{left: ttl, whole: ttl, renewable: t.auth.Renewable}, nil
	}
	backoff := i.retry.Backoff()
	failed := i.teller("vault token cannot be looked up now, trying again", "")
	for {
		life, err := i.lookUp(ctx, t)
		if refused(err) {
			// A policy may allow to renew and not to look.
			life.renewable = true
			life.left, err = i.renewSelf(ctx, t, 0)
			life.whole = life.left
		}
		if err == nil || refused(err) || ctx.Err() != nil {
			return life, err
		}
		failed(time.Now(), err)
		if err := backoff.Wait(ctx); err != nil {
			return life, err
		}
	}
}

func (i *identity) lookUp(ctx context.Context, t *token) (life tokenLife, err error) {
	answer, err := as(i.client, t.text).Auth().Token().LookupSelfWithContext(ctx)
	if err != nil {
		return life, i.hints.explain("looking up the own token", err)
	}
	if life.left, err = answer.TokenTTL(); err != nil {
		return life, err
	}
	life.whole = life.left
	if whole, ok := number(answer.Data["creation_ttl"]); ok && whole > 0 {
		life.whole = max(whole, life.left)
		life.left = max(life.left, shortest) // 0 is the last second, not for ever
	}
	life.renewable, err = answer.TokenIsRenewable()
	return life, err
}

func (i *identity) renewSelf(ctx context.Context, t *token, increment time.Duration) (time.Duration, error) {
	answer, err := as(i.client, t.text).Auth().Token().RenewSelfWithContext(ctx, int(increment.Seconds()))
	if err != nil {
		return 0, i.hints.explain("renewing the own token", err)
	}
	auth, err := tokenOf(answer)
	if err != nil {
		return 0, err
	}
	return seconds(auth.LeaseDuration), nil
}

// doubt is called when Vault denied something to a token that came from a
// login: if it denies the token itself, which an operator may have revoked, the
// next one is asked for at once and not only when this one is due.
func (i *identity) doubt(ctx context.Context, t *token, err error) {
	if i.method == nil || !errors.Is(err, sources.ErrDenied) || i.lock(ctx) != nil {
		return
	}
	defer i.unlock()
	if i.current != t || time.Since(i.checked) < checkEvery {
		return
	}
	i.checked = time.Now()
	if _, err := i.lookUp(ctx, t); errors.Is(err, sources.ErrDenied) {
		_, _ = i.replaceLocked(ctx, t) // the next request tells of an error
	}
}
