package etcd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"concierge/cluster"
)

// explain says what was done, where, and what can be done about it.
func (s *Store) explain(doing string, err error) error {
	where := fmt.Sprintf("%s below %s on etcd %s", doing, s.root, strings.Join(s.client.Endpoints(), ","))
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return fmt.Errorf("%s: %w", where, cluster.ErrLost)
	case tooLarge(err):
		return fmt.Errorf("%s: %w: %w (etcd takes 1.5 MiB by default: --max-request-bytes)", where, cluster.ErrTooLarge, err)
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		return fmt.Errorf("%s: %w (let a role of the user read and write there: etcdctl role grant-permission --prefix=true ROLE readwrite %s)", where, err, s.root)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", where, err)
	case errors.Is(err, context.DeadlineExceeded), status.Code(err) == codes.DeadlineExceeded:
		return fmt.Errorf("%s: no answer in time: %w (is etcd healthy? etcdctl endpoint health)", where, err)
	}
	return fmt.Errorf("%s: %w (is etcd running there, and healthy? etcdctl endpoint health)", where, err)
}

// tooLarge also knows the refusals of gRPC, on either side.
func tooLarge(err error) bool {
	return errors.Is(err, rpctypes.ErrRequestTooLarge) || errors.Is(err, rpctypes.ErrTooManyOps) ||
		status.Code(err) == codes.ResourceExhausted && !errors.Is(err, rpctypes.ErrNoSpace) && !errors.Is(err, rpctypes.ErrTooManyRequests)
}
