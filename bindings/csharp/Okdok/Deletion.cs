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

        /// <summary>Makes one, for tests of code that uses <see cref="OkdokClient"/>.</summary>
        /// <param name="id">The id that was deleted; not null.</param>
        /// <param name="presumed">See <see cref="Presumed"/>.</param>
        /// <param name="attempts">See <see cref="Attempts"/>.</param>
        /// <param name="httpStatus">See <see cref="HttpStatus"/>.</param>
        /// <param name="elapsed">See <see cref="Elapsed"/>.</param>
        /// <param name="attemptLog">See <see cref="AttemptLog"/>; copied; null: empty.</param>
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

        /// <summary>The id that was asked for.</summary>
        public string Id { get; }

        /// <summary>True when the service said "does not exist" after an attempt whose outcome could not be learned: most likely that attempt deleted it, but the id or the host may also be wrong.</summary>
        public bool Presumed { get; }

        /// <summary>Attempts begun, retries included.</summary>
        public int Attempts { get; }

        /// <summary>HTTP status code of the last answer.</summary>
        public int HttpStatus { get; }

        /// <summary>What the whole call took, waits included.</summary>
        public TimeSpan Elapsed { get; }

        /// <summary>How its attempts ended, the newest six, oldest first.</summary>
        public IReadOnlyList<OkdokAttempt> AttemptLog => attemptLog;

        /// <summary>For logs: status, HTTP status, attempts and that the outcome is known.</summary>
        /// <returns>Such as <c>Deleted 32f8… (Ok, HTTP 200, attempts: 1, outcome known)</c>.</returns>
        public override string ToString() =>
            (Presumed ? "Presumably deleted " : "Deleted ") + Id
            + OkdokException.Facts(Presumed ? OkdokStatus.PresumedDeleted : OkdokStatus.Ok, HttpStatus, Attempts, false);
    }
}
