// Package endpoint gets what an application says about itself and makes
// samples of it: from a URL, a file or a program, as JSON or Prometheus text.
//
// An endpoint is read once a cycle, whatever the number of its values. It is
// not trusted: its answer is bounded in size, also after decompression, in the
// number of samples and in time, and it cannot send the reader elsewhere. A body
// is held once: the strings of the samples are parts of it, so it lives as long as
// they do, and nothing of it is held from one cycle to the next.
package endpoint
