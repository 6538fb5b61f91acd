package admin

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// maxAnswer bounds what a client reads of an answer.
const maxAnswer = 64 << 20

// Client asks an instance by its socket. It is an [Instance] and as such safe
// for concurrent use. Its calls take as long as their context allows.
type Client struct {
	paths []string
	http  *http.Client
}

var _ Instance = (*Client)(nil)

// NewClient returns a client of the first instance that listens at one of the
// paths. It connects when it is asked something.
func NewClient(paths ...string) *Client {
	c := &Client{paths: paths}
	c.http = &http.Client{Transport: &http.Transport{DialContext: c.dial, DisableKeepAlives: true}}
	return c
}

// NoInstanceError says that no instance answers.
type NoInstanceError struct{ Tried []Attempt }

// Attempt is a path that was tried, and why nobody answered there.
type Attempt struct {
	Path string
	Err  error
}

// Error implements error.
func (e *NoInstanceError) Error() string {
	tried := make([]string, len(e.Tried))
	for i, a := range e.Tried {
		tried[i] = fmt.Sprintf("%s: %v", a.Path, a.Err)
	}
	return "no instance answers: " + strings.Join(tried, "; ")
}

// Unwrap returns the cause of each attempt.
func (e *NoInstanceError) Unwrap() []error {
	errs := make([]error, len(e.Tried))
	for i, a := range e.Tried {
		errs[i] = a.Err
	}
	return errs
}

// AnswerError is a request that the instance did not do.
type AnswerError struct {
	Code int    // of HTTP
	Text string // why not
}

// Error implements error.
func (e *AnswerError) Error() string { return e.Text }

// dial connects to the first path that somebody listens at.
func (c *Client) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	var none NoInstanceError
	for _, path := range c.paths {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
		if err == nil {
			return conn, nil
		}
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err // without the path, which is told once
		}
		none.Tried = append(none.Tried, Attempt{path, err})
	}
	return nil, &none
}

// Status implements [Instance].
func (c *Client) Status(ctx context.Context) (Status, error) {
	return call[Status](ctx, c, http.MethodGet, "status", nil)
}

// Reload implements [Instance].
func (c *Client) Reload(ctx context.Context) error {
	_, err := call[done](ctx, c, http.MethodPost, "reload", nil)
	return err
}

// Restart implements [Instance].
func (c *Client) Restart(ctx context.Context, job string) error {
	_, err := call[done](ctx, c, http.MethodPost, "jobs/"+url.PathEscape(job)+"/restart", nil)
	return err
}

// Signal implements [Instance].
func (c *Client) Signal(ctx context.Context, job string, sig syscall.Signal) error {
	_, err := call[done](ctx, c, http.MethodPost, "jobs/"+url.PathEscape(job)+"/signal", signalRequest{int(sig)})
	return err
}

// Maintenance implements [Instance].
func (c *Client) Maintenance(ctx context.Context, on bool) (changed bool, err error) {
	a, err := call[maintenanceAnswer](ctx, c, http.MethodPut, "maintenance", maintenanceRequest{&on})
	return a.Changed, err
}

// Retry implements [Instance].
func (c *Client) Retry(ctx context.Context) (sets []string, err error) {
	a, err := call[retryAnswer](ctx, c, http.MethodPost, "retry", nil)
	return a.Sets, err
}

// LogLevel implements [Instance].
func (c *Client) LogLevel(ctx context.Context, level slog.Level) (previous slog.Level, err error) {
	a, err := call[levelAnswer](ctx, c, http.MethodPut, "log-level", levelRequest{&level})
	return a.Previous, err
}

// Events calls yield with each of the last events, a line of JSON without its
// end, and with follow with all that come until ctx or the instance ends. It
// ends with the first error of yield.
func (c *Client) Events(ctx context.Context, follow bool, yield func(line []byte) error) error {
	body, err := c.do(ctx, http.MethodGet, fmt.Sprintf("events?follow=%t", follow), nil)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // it was only read
	r := bufio.NewReader(body)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF || ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("reading events: %w", err)
		}
		if err := yield(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return err
		}
	}
}

// call makes a request and decodes the answer.
func call[T any](ctx context.Context, c *Client, method, path string, request any) (T, error) {
	var answer T
	body, err := c.do(ctx, method, path, request)
	if err != nil {
		return answer, err
	}
	defer func() { _ = body.Close() }() // it was only read
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(&answer); err != nil {
		return answer, fmt.Errorf("reading the instance's answer: %w", err)
	}
	return answer, nil
}

// do makes a request and returns the body of a good answer.
func (c *Client) do(ctx context.Context, method, path string, request any) (io.ReadCloser, error) {
	var text bytes.Buffer
	if request != nil {
		if err := json.NewEncoder(&text).Encode(request); err != nil {
			return nil, err
		}
	}
	answer, err := c.send(ctx, method, path, text.Bytes())
	if err != nil {
		return nil, c.cause(err)
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	return nil, answerError(answer)
}

// send sends a request, once more if the instance hung up before it was sent: on
// a machine that is busy it may have waited in vain for it.
func (c *Client) send(ctx context.Context, method, path string, body []byte) (answer *http.Response, err error) {
	for range 2 {
		var r *http.Request
		if r, err = http.NewRequestWithContext(ctx, method, "http://concierge/v1/"+path, bytes.NewReader(body)); err != nil {
			return nil, err
		}
		if answer, err = c.http.Do(r); !errors.Is(err, syscall.EPIPE) {
			return answer, err
		}
	}
	return nil, err
}

// cause says what kept a request from being answered: an instance that ends
// before it answers, or does not answer in time, is none that answers.
func (c *Client) cause(err error) error {
	if none, ok := errors.AsType[*NoInstanceError](err); ok {
		return none
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the method and an address that nobody wrote
	}
	return &NoInstanceError{[]Attempt{{strings.Join(c.paths, " or "), err}}}
}

// answerError reads an answer that is an error.
func answerError(answer *http.Response) error {
	var e errorAnswer
	err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&e)
	switch {
	case err != nil || e.Error == "":
		return &AnswerError{answer.StatusCode, "the instance answers " + answer.Status}
	case e.Job != "":
		return &UnknownJobError{Job: e.Job, Known: e.Known}
	}
	return &AnswerError{answer.StatusCode, e.Error}
}
