package zabbix

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// answer is what a server says to any request.
type answer struct {
	Response string    `json:"response"`
	Info     string    `json:"info"`
	Redirect *redirect `json:"redirect"`
}

// redirect is how a group of proxies (7.0) says who takes this host.
type redirect struct {
	Revision uint64 `json:"revision"`
	Address  string `json:"address"`
	Reset    bool   `json:"reset"`
}

var errRefused = errors.New("the server refused the request")

func parseAnswer(body []byte) (answer, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return a, fmt.Errorf("reading the answer: %w", err)
	}
	switch a.Response {
	case "success", "failed":
		return a, nil
	}
	return a, fmt.Errorf("reading the answer: %q is neither success nor failed", clip(a.Response))
}

// err is nil for a success.
func (a answer) err() error {
	if a.Response == "success" {
		return nil
	}
	return fmt.Errorf("%w: %s", errRefused, clip(a.Info))
}

// verdict is the server's account of a packet.
type verdict struct {
	processed, failed int
	spent             time.Duration
}

// parseInfo reads "processed: P; failed: F; total: T; seconds spent: S". It must
// be about as many values as were sent: else it is not about them.
func parseInfo(info string, sent int) (verdict, error) {
	var v verdict
	var total int
	var seconds float64
	if _, err := fmt.Sscanf(info, "processed: %d; failed: %d; total: %d; seconds spent: %f",
		&v.processed, &v.failed, &total, &seconds); err != nil {
		return verdict{}, fmt.Errorf("reading the verdict %q: %w", clip(info), err)
	}
	if v.processed < 0 || v.failed < 0 || v.processed+v.failed != total || total != sent {
		return verdict{}, fmt.Errorf("reading the verdict %q: %d values were sent", clip(info), sent)
	}
	const longest = 1e6 // seconds; more, or NaN, is no time spent
	if seconds >= 0 && seconds < longest {
		v.spent = time.Duration(seconds * float64(time.Second))
	}
	return v, nil
}

// clip keeps what another side has written from flooding a log.
func clip(text string) string {
	const longest = 200
	if len(text) <= longest {
		return text
	}
	return text[:longest] + "…"
}
