package etcd

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"concierge/secrets"
)

// Dial makes a client of the same etcd for others than this source, without its
// prefix, budget and meter. With a user name it logs in, for which a member has
// to answer before ctx ends. The client outlives ctx.
func Dial(ctx context.Context, cfg Config) (*clientv3.Client, error) {
	cfg, t, err := cfg.check()
	if err != nil {
		return nil, err
	}
	password, err := secrets.NewCredential(cfg.Password, cfg.PasswordFile).Current()
	if err != nil {
		return nil, fmt.Errorf("%w (check sources.etcd.password_file)", err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, end)
	client, err := clientv3.New(clientv3.Config{
		Context: life, Endpoints: cfg.Endpoints, Username: cfg.Username, Password: password.Reveal(), TLS: t,
		DialTimeout: cfg.DialTimeout, DialKeepAliveTime: keepaliveTime, DialKeepAliveTimeout: keepaliveTimeout, Logger: zap.NewNop(),
	})
	if err != nil {
		stop()
		end()
		return nil, fmt.Errorf("connecting to etcd: %w", err)
	}
	if !stop() {
		_ = client.Close() // it has done nothing
		return nil, ctx.Err()
	}
	return client, nil
}
