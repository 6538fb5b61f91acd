// Package delivery is what targets that speak HTTP have in common: one request
// over one connection that is kept, with its credentials read anew each time,
// past any proxy and along no redirection: the server that was named is the one
// that may know.
//
// Time and memory are bounded, whatever the server does. Errors name the server
// without user, query and headers, and wrap [concierge/metrics.ErrTimeout] if
// it did not answer in time.
package delivery
