using System;
using System.Globalization;

namespace Okdok
{
    /// <summary>How one attempt of a call ended. Immutable.</summary>
    [Serializable]
    public class OkdokAttempt
    {
        /// <summary>Makes an attempt, for tests of code that uses <see cref="OkdokClient"/>.</summary>
        /// <param name="status">See <see cref="Status"/>.</param>
        /// <param name="httpStatus">See <see cref="HttpStatus"/>.</param>
        /// <param name="waited">See <see cref="Waited"/>.</param>
        /// <param name="elapsed">See <see cref="Elapsed"/>.</param>
        public OkdokAttempt(OkdokStatus status, int httpStatus = 0, TimeSpan waited = default, TimeSpan elapsed = default)
        {
            Status = status;
            HttpStatus = httpStatus;
            Waited = waited;
            Elapsed = elapsed;
        }

        /// <summary>How it ended.</summary>
        public OkdokStatus Status { get; }

        /// <summary>The HTTP status code of the response; 0 if none arrived.</summary>
        public int HttpStatus { get; }

        /// <summary>The wait before this attempt; <see cref="TimeSpan.Zero"/> for the first.</summary>
        public TimeSpan Waited { get; }

        /// <summary>The duration of this attempt.</summary>
        public TimeSpan Elapsed { get; }

        /// <summary>For logs: all fields in one line.</summary>
        /// <returns>Text such as <c>ServerError, HTTP 503, waited 0.7 s, took 0.2 s</c>.</returns>
        public override string ToString() => string.Format(
            CultureInfo.InvariantCulture, "{0}, HTTP {1}, waited {2:0.0##} s, took {3:0.0##} s", Status, HttpStatus, Waited.TotalSeconds, Elapsed.TotalSeconds);
    }
}
