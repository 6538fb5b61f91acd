package etcd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/status"

	"concierge/sources"
)

// explain turns an error of etcd or of the connection into one that a user can
// act on. Refusals match [sources.ErrDenied].
func (s *Source) explain(doing string, err error) error {
	where := fmt.Sprintf("%s on etcd %s", doing, strings.Join(s.cfg.Endpoints, ","))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		return fmt.Errorf("%s: %w for user %q (let a role of the user read it: etcdctl role grant-permission)", where, sources.ErrDenied, s.cfg.Username)
	case errors.Is(err, rpctypes.ErrAuthFailed):
		return fmt.Errorf("%s: %w: wrong user name or password (check sources.etcd.username and sources.etcd.password_file)", where, sources.ErrDenied)
	case errors.Is(err, rpctypes.ErrUserEmpty):
		return fmt.Errorf("%s: %w: etcd asks for a user (set sources.etcd.username and sources.etcd.password_file)", where, sources.ErrDenied)
	case errors.Is(err, sources.ErrNotFound), errors.Is(err, sources.ErrConflict), errors.Is(err, context.Canceled), errors.Is(err, errClosed):
		return fmt.Errorf("%s: %w", where, err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: no answer in time: %w (check that etcd is healthy: etcdctl endpoint health)", where, err)
	}
	if _, ok := status.FromError(err); ok {
		return fmt.Errorf("%s: %s (check sources.etcd.endpoints and sources.etcd.tls, and that etcd is running)", where, status.Convert(err).Message())
	}
	return fmt.Errorf("%s: %w (check that etcd is healthy: etcdctl endpoint health)", where, err)
}
