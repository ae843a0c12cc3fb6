// filled by its builder
