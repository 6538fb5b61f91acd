// Package envconsul reads what envconsul 0.13 reads: its files, flags and
// environment variables, and makes of them one complete configuration of
// concierge that does the same.
//
// Two things are done on purpose otherwise: formats of names are plain
// templates, so that & and < stay what they are, and a format that is wrong is
// an error instead of a variable without a name.
package envconsul
