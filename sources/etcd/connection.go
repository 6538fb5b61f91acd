package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"concierge/secrets"
)

// Keepalive notices a dead connection that stays silent after 13 s. Servers
// refuse pings more often than every 5 s.
const (
	keepaliveTime    = 10 * time.Second
	keepaliveTimeout = 3 * time.Second
)

// redialAfter is how long the library waits after an attempt to connect failed.
const redialAfter = 5 * time.Second

var errClosed = errors.New("the source is closed")

// connection makes the client when it is first needed: with a user name the
// library logs in while it makes one, which needs the server.
type connection struct {
	cfg      Config
	tls      *tls.Config
	password secrets.Credential

	mu     sync.Mutex
	client *clientv3.Client // guarded by mu; nil until needed, and after refused credentials
	closed bool             // guarded by mu
}

func newConnection(cfg Config, t *tls.Config) *connection {
	return &connection{cfg: cfg, tls: t, password: secrets.NewCredential(cfg.Password, cfg.PasswordFile)}
}

// do calls f with a client. When etcd refuses the password, the file may have
// a newer one: f is called once more after a new login.
func (c *connection) do(ctx context.Context, f func(*clientv3.Client) error) error {
	for again := true; ; again = false {
		client, err := c.get(ctx)
		if err == nil {
			err = f(client)
		}
		if !errors.Is(err, rpctypes.ErrAuthFailed) || c.cfg.Username == "" {
			return err
		}
		c.drop(client)
		if !again || client == nil {
			return err
		}
	}
}

func (c *connection) get(ctx context.Context) (*clientv3.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed
	}
	if c.client == nil {
		client, err := c.dial(ctx)
		if err != nil {
			return nil, err
		}
		c.client = client
	}
	return c.client, nil
}

// dial makes a client that outlives ctx; ctx only bounds the login.
func (c *connection) dial(ctx context.Context) (*clientv3.Client, error) {
	password, err := c.password.Current()
	if err != nil {
		return nil, fmt.Errorf("%w (check sources.etcd.password_file)", err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, end)
	client, err := clientv3.New(clientv3.Config{
		Context:              life,
		Endpoints:            c.cfg.Endpoints,
		Username:             c.cfg.Username,
		Password:             password.Reveal(),
		TLS:                  c.tls,
		DialTimeout:          c.cfg.DialTimeout,
		DialKeepAliveTime:    keepaliveTime,
		DialKeepAliveTimeout: keepaliveTimeout,
		// One try on each member and one more; the source's own back-off does the rest.
		MaxUnaryRetries: uint(len(c.cfg.Endpoints) + 1),
		Logger:          zap.NewNop(),
		DialOptions:     c.dialOptions(),
	})
	if err != nil {
		stop()
		end()
		return nil, err
	}
	if !stop() {
		return nil, errors.Join(ctx.Err(), client.Close())
	}
	return client, nil
}

// dialOptions let a request fail at once, with the reason, while no member can
// be reached. The library would have it wait for its deadline and forget the
// reason. They also have reads wait for their turn, each attempt of the library
// anew.
//
// A member that cannot be reached is tried again by the session, which knows
// whether a whole fleet has lost it. What the library does by itself is for the
// members that a session can do without: after a first pause it tries again at
// any moment of the next 30 s.
func (c *connection) dialOptions() []grpc.DialOption {
	failFast := func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		return invoke(ctx, method, req, reply, conn, append(slices.Clip(opts), grpc.WaitForReady(false))...)
	}
	return []grpc.DialOption{
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: redialAfter, Multiplier: 3, Jitter: 1, MaxDelay: 3 * redialAfter},
			MinConnectTimeout: c.cfg.DialTimeout,
		}),
		grpc.WithChainUnaryInterceptor(c.takeTurn, c.measure, failFast),
	}
}

// takeTurn has reads wait for the budget. Edits need none: they are made one by
// one, by an operator who waits for them.
func (c *connection) takeTurn(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if reads(req) {
		if err := c.cfg.Budget.Wait(ctx); err != nil {
			return err
		}
	}
	return invoke(ctx, method, req, reply, conn, opts...)
}

// measure tells the meter of a request, unless nobody waits for its answer any
// more.
func (c *connection) measure(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	began := time.Now()
	err := invoke(ctx, method, req, reply, conn, opts...)
	if result := resultOf(err); result != "" {
		c.cfg.Meter.Request(opOf(req), result, time.Since(began))
	}
	return err
}

// reads reports whether a request is one of those that a reader makes.
func reads(req any) bool {
	switch r := req.(type) {
	case *etcdserverpb.RangeRequest:
		return true
	case *etcdserverpb.TxnRequest:
		return len(r.Compare) == 0 // that of a compare-and-set has one
	}
	return false
}

// drop forgets a client whose login is no longer good.
func (c *connection) drop(client *clientv3.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client != nil && c.client == client {
		_ = client.Close()
		c.client = nil
	}
}

// current returns the client if there is one.
func (c *connection) current() *clientv3.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.client
}

func (c *connection) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.client == nil {
		return nil
	}
	err := c.client.Close()
	c.client = nil
	if errors.Is(err, context.Canceled) {
		return nil // the library's word for a close
	}
	return err
}
