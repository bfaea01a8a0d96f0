// Package doctor finds what is wrong with a cluster. [Look.Gather] asks every
// member once, side by side, and returns a [Picture], which no longer changes;
// each [Check] is a function of that picture alone, in a file of its own, and
// [Examine] runs them.
//
// It only reads, knows no command line and no output format, prints nothing,
// and opens connections only through the functions that it is given.
package doctor
