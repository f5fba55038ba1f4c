/**
 * The engine inside a service of somebody's own: a backup is the body of a response, a restore that of a request.
 */
@NullMarked
package dev.sluice.examples.http;

import org.jspecify.annotations.NullMarked;
