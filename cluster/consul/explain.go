package consul

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/hashicorp/consul/api"

	"concierge/cluster"
)

// explain says what was done, where, and what can be done about it.
func (s *Store) explain(doing string, err error) error {
	where := fmt.Sprintf("%s below %s on consul", doing, s.root)
	status, _ := errors.AsType[api.StatusError](err)
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the URL says less than where, and may have more than it should
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, cluster.ErrLost), errors.Is(err, cluster.ErrTooLarge):
		return fmt.Errorf("%s: %w", where, err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: no answer in time: %w (is consul healthy? consul operator raft list-peers)", where, err)
	case status.Code == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%s: %w: %s (see limits.txn_max_req_len and limits.kv_max_value_size of consul)", where, cluster.ErrTooLarge, status.Body)
	case status.Code == http.StatusForbidden, status.Code == http.StatusUnauthorized, errors.Is(err, errDenied):
		return fmt.Errorf("%s: %w (the token's policy needs key_prefix %q write and session_prefix \"\" write)", where, err, s.root)
	case status.Code == http.StatusTooManyRequests:
		return fmt.Errorf("%s: %w (raise limits.http_max_conns_per_client there)", where, err)
	case status.Code != 0:
		return fmt.Errorf("%s: %w (is consul healthy? consul operator raft list-peers)", where, err)
	}
	return fmt.Errorf("%s: %w (is consul running there? see CONSUL_HTTP_ADDR)", where, err)
}
