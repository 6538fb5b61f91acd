// Package vault is the source over HashiCorp Vault and its relatives: it reads
// secrets and lists their names, and keeps both current.
//
// # What is guaranteed
//
// Each answer is one read of one secret. Vault has neither watches nor reads
// across secrets, so every secret is read again at intervals (see lease.go) and
// what several reads found is one batch only by chance. Absence is reported only
// when Vault answered so; a deleted or destroyed version of a KV version 2
// secret counts as absent.
//
// Everything published by a read carries the taint of a secret; names of
// secrets do not. Nothing read is ever logged or part of an error.
//
// The token is the given one, that of a file that is read before each request
// (with the given one until there is something in it), one that was wrapped, or
// that of a login. It is kept alive in the background,
// and after a login replaced when that is no longer possible (see keeper.go).
// Leases are renewed while they can be, and what they were for is read again
// before they end, or when the token that they were lent to is replaced (see
// loan.go). Secrets without a lease are left alone by all that.
//
// A SecretWrite is done once for equal parameters, and again only where the
// answer has an end. An answer without content is a value that exists with nil
// data: Vault said nothing, and the template need not wait. A PKICertificate is
// taken from the file that ParamFile names while it is good (see certificate.go),
// also while Vault is away: an update may then hold both values and the outage.
//
// Proxy settings (HTTP_PROXY and its kin) apply as in every Go program. No
// other environment variable takes effect here, though the API library insists
// that VAULT_… variables be well-formed.
package vault

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/sources"
)

const (
	// parallel bounds the requests under way. Vault spends CPU on each, and a
	// whole fleet may start at once.
	parallel = 10

	// requestTimeout bounds one request.
	requestTimeout = 30 * time.Second
)

// Source reads secrets. Watch is called once.
type Source struct {
	name     string
	client   *api.Client // without a token
	http     *http.Client
	identity *identity
	refresh  time.Duration
	part     float64 // of a lease, after which what it was for is read again
	retry    sources.Retry
	mounts   mounts
	writes   writes
	slots    chan struct{} // a slot for each request under way
	hints    hints
	meter    Meter
	leases   *leases
	log      *slog.Logger
}

var _ sources.Source = (*Source)(nil)

// New returns a source that is ready to watch. It does not need the server;
// errors are those of the configuration: an address or certificate that cannot
// be used.
func New(cfg Config, log *slog.Logger) (*Source, error) {
	log = log.With("component", "vault")
	cfg.Budget = cmp.Or(cfg.Budget, sources.NewBudget(0, log))
	client, transport, err := connect(cfg)
	if err != nil {
		return nil, err
	}
	return &Source{
		name:     cmp.Or(cfg.Name, "vault"),
		client:   client,
		http:     transport,
		identity: newIdentity(cfg, client, log),
		refresh:  cmp.Or(max(cfg.Refresh, 0), defaultRefresh),
		part:     cfg.threshold(),
		retry:    cfg.Retry,
		slots:    make(chan struct{}, parallel),
		hints:    hints{address: cfg.Address},
		meter:    cfg.meter(),
		leases:   &leases{meter: cfg.meter(), ends: make(map[request]time.Time)},
		log:      log,
	}, nil
}

// Close drops idle connections. It is called after Watch has returned.
func (s *Source) Close() error {
	s.http.CloseIdleConnections()
	return nil
}

// Watch implements [sources.Source]. Kinds other than Secret, SecretList,
// SecretWrite and PKICertificate are reported as failed.
func (s *Source) Watch(ctx context.Context, wanted <-chan []sources.Query, publish func(sources.Update)) {
	ctx, cancel := context.WithCancel(ctx)
	w := newWatcher(s, publish)
	defer w.reading.Wait()
	defer cancel()
	w.reading.Go(func() { s.identity.keep(ctx) })
	w.loop(ctx, wanted)
}
