package cluster

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Segment returns a name as one segment of a key: without a slash, and neither
// "." nor "..", which proxies take for directions.
func Segment(name string) string {
	if name == "." || name == ".." {
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}

// Name returns the name that [Segment] made the segment of.
func Name(segment string) (string, error) {
	name, err := url.PathUnescape(segment)
	if err != nil {
		return "", fmt.Errorf("reading segment %q of a key: %w", segment, err)
	}
	return name, nil
}

// Root returns what keys of the namespace begin with: "concierge/staging" is
// "concierge/staging/v1/". The number is that of the layout of the keys.
func Root(namespace string) (string, error) {
	namespace = strings.Trim(namespace, "/")
	if namespace == "" {
		return "", errors.New("naming the keys of the cluster: the prefix is empty (for example concierge/production)")
	}
	for part := range strings.SplitSeq(namespace, "/") {
		if part == "" || part == "." || part == ".." {
			return "", fmt.Errorf("naming the keys of the cluster: %q is not allowed between slashes of the prefix %q (leave it out)", part, namespace)
		}
	}
	return namespace + "/v1/", nil
}
