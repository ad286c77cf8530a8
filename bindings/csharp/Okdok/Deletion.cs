using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Linq;

namespace Okdok
{
    /// <summary>A signature request that is gone. Immutable; can be serialized across AppDomains.</summary>
    [Serializable]
    public class Deletion
    {
        private readonly ReadOnlyCollection<OkdokAttempt> attemptLog;

        /// <summary>Makes a deletion, for tests of code that uses <see cref="OkdokClient"/>.</summary>
        /// <param name="id">See <see cref="Id"/>; not null.</param>
        /// <param name="presumed">See <see cref="Presumed"/>.</param>
        /// <param name="attempts">See <see cref="Attempts"/>.</param>
        /// <param name="httpStatus">See <see cref="HttpStatus"/>.</param>
        /// <param name="elapsed">See <see cref="Elapsed"/>.</param>
        /// <param name="attemptLog">See <see cref="AttemptLog"/>; copied; null means empty.</param>
        /// <exception cref="ArgumentNullException"><paramref name="id"/> is null.</exception>
        public Deletion(
            string id,
            bool presumed = false,
            int attempts = 1,
            int httpStatus = 200,
            TimeSpan elapsed = default,
            [AllowNull] IEnumerable<OkdokAttempt> attemptLog = null)
        {
            Id = id ?? throw new ArgumentNullException(nameof(id));
            Presumed = presumed;
            Attempts = attempts;
            HttpStatus = httpStatus;
            Elapsed = elapsed;
            this.attemptLog = Array.AsReadOnly(attemptLog == null ? Array.Empty<OkdokAttempt>() : attemptLog.ToArray());
        }

        /// <summary>The id that was passed to the call.</summary>
        public string Id { get; }

        /// <summary>True if the service said "does not exist" after an attempt with an unknown outcome: most likely that attempt deleted it, but the id or the host may also be wrong.</summary>
        public bool Presumed { get; }

        /// <summary>Attempts started, including retries and those that sent nothing.</summary>
        public int Attempts { get; }

        /// <summary>The HTTP status code of the last response.</summary>
        public int HttpStatus { get; }

        /// <summary>The duration of the whole call including waits.</summary>
        public TimeSpan Elapsed { get; }

        /// <summary>The newest six attempts, oldest first.</summary>
        public IReadOnlyList<OkdokAttempt> AttemptLog => attemptLog;

        /// <summary>For logs: the id, the status, the HTTP status code, the number of attempts, and that the outcome is known.</summary>
        /// <returns>Text such as <c>Deleted 32f8… (Ok, HTTP 200, attempts: 1, outcome known)</c>.</returns>
        public override string ToString() =>
            (Presumed ? "Presumably deleted " : "Deleted ") + Id
            + OkdokException.Facts(Presumed ? OkdokStatus.PresumedDeleted : OkdokStatus.Ok, HttpStatus, Attempts, false);
    }
}
