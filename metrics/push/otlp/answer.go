package otlp

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"concierge/metrics/push/delivery"
)

var errForeign = errors.New("the answer is none of an OpenTelemetry server: see the path of the target's URL, which for collectors ends with /v1/metrics")

// verdict is what a server says about a request that it took.
type verdict struct {
	rejected int
	said     string // quoted
}

// judge reads the answer to a request of so many points.
func judge(a delivery.Answer, points int) (verdict, error) {
	if a.Status < 200 || a.Status > 299 {
		return verdict{}, a.Unexpected(said(a))
	}
	if len(a.Body) == 0 {
		return verdict{}, nil // Prometheus says no more than the status
	}
	if !isProtobuf(a) || a.Cut {
		return verdict{}, errForeign
	}
	var r collector.ExportMetricsServiceResponse
	if err := proto.Unmarshal(a.Body, &r); err != nil {
		return verdict{}, fmt.Errorf("%w (%w)", errForeign, err)
	}
	partial := r.GetPartialSuccess()
	if n := partial.GetRejectedDataPoints(); n < 0 || n > int64(points) {
		return verdict{}, fmt.Errorf("the server says that it rejected %d of %d values", n, points)
	}
	return verdict{int(partial.GetRejectedDataPoints()), a.Quote(partial.GetErrorMessage())}, nil
}

func isProtobuf(a delivery.Answer) bool {
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	return strings.TrimSpace(kind) == contentType
}

// said is what a server says about a failure: a text, or a google.rpc.Status,
// of which the second field is the message.
func said(a delivery.Answer) string {
	if !isProtobuf(a) {
		return a.Text()
	}
	const message = 2
	for b := a.Body; len(b) > 0; {
		number, _, n := protowire.ConsumeField(b)
		if n < 0 {
			return ""
		}
		if number == message {
			_, _, tag := protowire.ConsumeTag(b)
			text, _ := protowire.ConsumeBytes(b[tag:])
			return string(text)
		}
		b = b[n:]
	}
	return ""
}

// patience reports whether a status asks for a later repetition, after the time
// that the answer may name. Those are the four of the protocol.
func patience(status int) bool {
	return slices.Contains([]int{
		http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}, status)
}
