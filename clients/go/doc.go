// Package foreword reads what Foreword knows of users, and tells it what they do.
//
// A [Client] calls the sidecar; a [LocalReader] reads the store in this process, in microseconds and without a
// sidecar. Messages are those of the package gen/foreword/v1, made from proto/.
package foreword
