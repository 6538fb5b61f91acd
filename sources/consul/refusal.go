package consul

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// refusal is an answer of Consul that asking again will not change until an
// operator changes something. Every other error means that Consul is away.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// hints knows what a user can do about an error.
type hints struct{ address string }

// explain classifies an error of the API and says what to do about it.
// what names the action: "reading tree app/".
func (h hints) explain(what string, err error) error {
	status, answered := errors.AsType[api.StatusError](err)
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the URL says less than what and address
	}
	switch {
	case !answered && sources.TLSHint(err) != "":
		return fmt.Errorf("%s: consul at %s: %w; %s", what, h.address, err, sources.TLSHint(err))
	case !answered:
		return fmt.Errorf("%s: consul at %s: %w; is it running there? see sources.consul.address and CONSUL_HTTP_ADDR",
			what, h.address, err)
	case status.Code == http.StatusForbidden || status.Code == http.StatusUnauthorized:
		return &refusal{fmt.Errorf("%s: consul at %s: %w: %s; give sources.consul.token, token_file or CONSUL_HTTP_TOKEN a token whose policy allows it",
			what, h.address, sources.ErrDenied, status.Body)}
	case status.Code == http.StatusTooManyRequests:
		return fmt.Errorf("%s: consul at %s: %w; raise limits.http_max_conns_per_client there, or ask for whole directories with tree or ls",
			what, h.address, err)
	case status.Code == http.StatusNotFound:
		return &refusal{fmt.Errorf("%s: consul at %s: %w; this consul does not know the question: it takes a newer one or Consul Enterprise",
			what, h.address, err)}
	case status.Code >= http.StatusInternalServerError:
		return fmt.Errorf("%s: consul at %s: %w; consul members and consul operator raft list-peers show its state",
			what, h.address, err)
	}
	return &refusal{fmt.Errorf("%s: consul at %s: %w; check the path and its options", what, h.address, err)}
}

// faulty reports whether err is an answer of Consul that something went wrong,
// with this question or altogether.
func faulty(err error) bool {
	status, answered := errors.AsType[api.StatusError](err)
	return answered && status.Code >= http.StatusInternalServerError
}

// refused reports whether err is an answer rather than an outage.
func refused(err error) bool {
	_, ok := errors.AsType[*refusal](err)
	return ok
}
