namespace Okdok
{
    /// <summary>A signature request that is gone. Immutable.</summary>
    public class Deletion
    {
        /// <summary>Makes one, for tests of code that uses <see cref="OkdokClient"/>.</summary>
        /// <param name="id">The id that was deleted; not null.</param>
        /// <param name="presumed">See <see cref="Presumed"/>.</param>
        /// <param name="attempts">See <see cref="Attempts"/>.</param>
        /// <param name="httpStatus">See <see cref="HttpStatus"/>.</param>
        /// <exception cref="System.ArgumentNullException"><paramref name="id"/> is null.</exception>
        public Deletion(string id, bool presumed = false, int attempts = 1, int httpStatus = 200)
        {
            Id = id ?? throw new System.ArgumentNullException(nameof(id));
            Presumed = presumed;
            Attempts = attempts;
            HttpStatus = httpStatus;
        }

        /// <summary>The id that was asked for.</summary>
        public string Id { get; }

        /// <summary>True when the service said "does not exist" after an attempt whose outcome could not be learned: most likely that attempt deleted it, but the id or the host may also be wrong.</summary>
        public bool Presumed { get; }

        /// <summary>Attempts begun, retries included.</summary>
        public int Attempts { get; }

        /// <summary>HTTP status code of the last answer.</summary>
        public int HttpStatus { get; }
    }
}
