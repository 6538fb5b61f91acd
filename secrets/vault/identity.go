package vault

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/secrets"
	"concierge/sources"
)

// token is one token that concierge uses or used.
type token struct {
	text secrets.Text
	// auth is what Vault said when it gave the token; nil for a token that
	// somebody else made.
	auth *api.SecretAuth
	// replaced is closed when another token took its place. What was lent to
	// this one ends with it.
	replaced chan struct{}
}

// identity is who concierge is to Vault. It has the token in use, gets one when
// there is none, and keeps it alive (see keeper.go). It is safe for concurrent
// use.
type identity struct {
	client *api.Client // without a token
	given  secrets.Credential
	file   string // of given; "" if there is none
	unwrap bool
	method login // nil if a token is given
	renews bool
	part   float64
	retry  sources.Retry
	hints  hints
	meter  Meter
	log    *slog.Logger
	first  chan *token // one slot: the first token, for the keeper

	turn chan struct{} // a mutex that can be waited for with a context; it guards the rest

	current *token
	raw     secrets.Text // what current was made of
	interim secrets.Text // used until there is a token in the file; empty from then on
	failure failure
	pause   sources.Backoff // between attempts to get a token
	checked time.Time       // when the token was last looked at because of a doubt
	warned  bool            // that the file cannot be read
}

// failure is the last vain attempt to get a token. All requests share it, so
// that a set of secrets does not log in a hundred times.
type failure struct {
	err   error
	raw   secrets.Text // what the attempt was made with
	final bool         // to try again does not help
	until time.Time    // no further attempt before
}

func newIdentity(cfg Config, client *api.Client, log *slog.Logger) *identity {
	i := &identity{
		client: client,
		given:  secrets.NewCredential(cfg.Token, cfg.TokenFile),
		file:   cfg.TokenFile,
		unwrap: cfg.Unwrap,
		method: loginOf(cfg),
		renews: cfg.renews(),
		part:   cfg.threshold(),
		retry:  cfg.Retry,
		pause:  cfg.Retry.Backoff(),
		hints:  hints{address: cfg.Address},
		meter:  cfg.meter(),
		log:    log,
		first:  make(chan *token, 1),
		turn:   make(chan struct{}, 1),
	}
	if cfg.TokenFile != "" {
		i.interim = cfg.Token
	}
	return i
}

// as returns a client that uses the token.
func as(client *api.Client, text secrets.Text) *api.Client {
	return client.WithRequestCallbacks(func(r *api.Request) { r.ClientToken = text.Reveal() })
}

func (i *identity) lock(ctx context.Context) error {
	select {
	case i.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (i *identity) unlock() { <-i.turn }

// now returns the token to use. The file is read each time; a login or an
// unwrapping happens at the first call, and again after a failure.
func (i *identity) now(ctx context.Context) (*token, error) {
	if err := i.lock(ctx); err != nil {
		return nil, err
	}
	defer i.unlock()
	err := i.update(ctx)
	switch {
	case i.current == nil:
		return nil, err
	case err != nil:
		i.warnOfFile(err)
	default:
		i.warned = false
	}
	return i.current, nil
}

// update gets a token if there is none, or if the file holds another one.
func (i *identity) update(ctx context.Context) error {
	raw, err := i.material()
	if err != nil || (i.current != nil && raw == i.raw) {
		return err
	}
	t, err := i.obtain(ctx, raw)
	if err != nil {
		return err
	}
	i.adopt(t, raw)
	return nil
}

// material is what the token is made of: nothing for a login.
func (i *identity) material() (secrets.Text, error) {
	raw, err := i.given.Current()
	switch {
	case i.file == "":
	case err == nil && !raw.Empty():
		i.interim = secrets.Text{} // a file that has had a token stays the source of it
	case !i.interim.Empty():
		i.tellOfInterim()
		return i.interim, nil
	case err == nil:
		err = fmt.Errorf("token file %s is empty", i.file)
	}
	if err != nil {
		return secrets.Text{}, fmt.Errorf("%w; see secrets.vault.token_file", err)
	}
	return raw, nil
}

// tellOfInterim says once which token is used: the name of the file may be
// misspelt.
func (i *identity) tellOfInterim() {
	if i.current == nil {
		i.log.Warn("token file holds no token yet, the one given beside it is used until it does", "file", i.file)
	}
}

// warnOfFile says once that the file is of no use now. It may have been
// deleted on purpose, or be replaced in two steps: the token read before is
// still good.
func (i *identity) warnOfFile(err error) {
	if !i.warned {
		i.warned = true
		i.log.Warn("token file cannot be used, the token read before is", "error", err)
	}
}

// obtain gets a token once, unless an attempt failed a moment ago.
func (i *identity) obtain(ctx context.Context, raw secrets.Text) (*token, error) {
	if f := &i.failure; f.err != nil && f.raw == raw && (f.final || time.Now().Before(f.until)) {
		return nil, f.err
	}
	t, err := i.attempt(ctx, raw)
	if err == nil {
		i.failure = failure{}
		i.pause.Reset()
		return t, nil
	}
	if ctx.Err() == nil {
		i.failure = failure{err: err, raw: raw, final: i.method == nil && refused(err), until: time.Now().Add(i.pause.Next())}
	}
	return nil, err
}

func (i *identity) attempt(ctx context.Context, raw secrets.Text) (*token, error) {
	switch {
	case i.method != nil:
		return i.logIn(ctx)
	case i.unwrap && i.interim.Empty():
		return i.unpack(ctx, wrappedToken(raw))
	}
	return newToken(wrappedToken(raw), nil), nil
}

func (i *identity) logIn(ctx context.Context) (*token, error) {
	answer, err := i.method.login(ctx, i.client)
	switch {
	case refused(err):
		return nil, err
	case err != nil:
		return nil, i.hints.of(i.method.hint()).explain("logging in by "+i.method.String(), err)
	}
	auth, err := tokenOf(answer)
	if err != nil {
		return nil, fmt.Errorf("logging in by %s: %w; %s", i.method, err, i.method.hint())
	}
	i.log.Info("logged in to vault", "method", i.method.String(), "ttl", seconds(auth.LeaseDuration), "renewable", auth.Renewable)
	return newToken(secrets.NewText(auth.ClientToken), auth), nil
}

func newToken(text secrets.Text, auth *api.SecretAuth) *token {
	return &token{text: text, auth: auth, replaced: make(chan struct{})}
}

// adopt puts a token in the place of the one before.
func (i *identity) adopt(t *token, raw secrets.Text) {
	old := i.current
	i.current, i.raw = t, raw
	if old == nil {
		i.first <- t
		return
	}
	close(old.replaced)
}

// replace logs in again, unless that was done already, and returns the token
// to use.
func (i *identity) replace(ctx context.Context, old *token) (*token, error) {
	if err := i.lock(ctx); err != nil {
		return nil, err
	}
	defer i.unlock()
	return i.replaceLocked(ctx, old)
}

func (i *identity) replaceLocked(ctx context.Context, old *token) (*token, error) {
	if i.current != old {
		return i.current, nil
	}
	t, err := i.obtain(ctx, i.raw)
	if err != nil {
		return nil, err
	}
	i.adopt(t, i.raw)
	return t, nil
}
